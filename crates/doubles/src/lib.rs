//! Real servers that answer as the forge and the CI do.
