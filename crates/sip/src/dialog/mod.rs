//! Dialogs (RFC 3261 §12): tags, sequence numbers, route set and remote target.
