"""How a program knows a citizen: openid and unionid, login codes, launch tokens, phone codes."""
