"""Language models as annotators: forms of the reply, transports to a model, and what is made of its answer."""
