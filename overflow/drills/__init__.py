"""Weekly test calls of every line through the whole path, and training calls for missions' staff."""
