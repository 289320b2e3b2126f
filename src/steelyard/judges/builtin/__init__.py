"""The built-in judges, under MLflow's names."""
