"""What a medium installs: the payload index and its trees."""
