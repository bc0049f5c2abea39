//! The route model: matching, rewriting and the Caddyfile text.
