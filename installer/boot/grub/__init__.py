"""GRUB's menu language: its words, its grammar, and what a menu does when it runs."""
