"""Raw rows, whatever holds them: lists, frames, tables, objects, and files of JSONL, JSON, CSV, Parquet and YAML."""
