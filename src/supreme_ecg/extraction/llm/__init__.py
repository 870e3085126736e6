"""Findings by a language model: any compatible server, every answer checked, nothing asked twice."""
