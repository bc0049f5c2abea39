//! The first line is a secret, the second another; in the rest neither survives.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scenario::{Redactor, Secret};

fuzz_target!(|input: &str| {
    let mut lines = input.splitn(3, '\n');
    let secrets = [lines.next().unwrap_or_default(), lines.next().unwrap_or_default()];
    let text = lines.next().unwrap_or_default();
    let mut redactor = Redactor::new();
    for secret in secrets {
        redactor.add(&Secret::new(secret));
    }
    let text = format!("{text}{}{text}", secrets[0]);
    let redacted = redactor.redact(&text);
    for secret in secrets {
        // A secret with asterisks can be what hiding another leaves.
        if secret.len() >= Redactor::SHORT && !secret.contains('*') {
            assert!(!redacted.contains(secret));
        }
    }
});
