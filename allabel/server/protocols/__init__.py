"""The addresses that other programs expect, one module a program: Label Studio, Hugging Face's clients, doccano."""
