"""Who belongs to a space: keys, the authority of a shared secret, memberships, invites."""
