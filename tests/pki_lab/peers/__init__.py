"""The words of other tools on the lab's certificates, beside ours."""
