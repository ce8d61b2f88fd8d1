"""Who asks models, and for what: planner, coder, tester, repairer.

An agent renders a prompt from `prompts/`, asks the gateway, and reads the answer by a strict grammar.
It knows nothing of validators: whether an answer is any good is decided by those who run it.
"""
