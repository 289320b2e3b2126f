"""Other people's wires: what they send is understood here, and answered in their own form."""
