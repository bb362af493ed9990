"""Who builds programs: organisations, members, keys, apps, proved domains, and the tokens that their tools hold."""
