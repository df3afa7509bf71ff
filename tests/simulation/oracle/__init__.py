"""The oracle: what must always hold, judged from outside with the truth known.

Rules with a number are those that hold whatever happens to machines and networks. Those with a name are of what
people do: answers and lines reach everybody, a claim is silence but not for ever, a ladder's steps come at their
age, presence ends a hand in one write, policy, repeats, and the owner's own warning.
"""
