"""Who may become whom: sudoers(5), doas.conf(5), rules of polkit(8), and the accounts and groups that they name."""
