"""What each page shows, as one frozen dataclass: the contract between a handler, its template and its JSON face."""
