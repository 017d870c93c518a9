"""Emergency remittance: from the request to cash in hand and a settled account, in books that close."""
