"""Ways to recognise who asks: a proxy's header, tokens of our own, a login page, OpenID."""
