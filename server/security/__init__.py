"""Who may call what: credentials, scopes, certificates."""
