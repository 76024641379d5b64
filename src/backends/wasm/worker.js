// E placeholder
