"""A crowd: hundreds of real nodes in one lean world without oracle or stories, measured."""
