"""The pages: one module each; they show what the API says."""
