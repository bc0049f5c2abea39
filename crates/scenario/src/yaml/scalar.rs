//! What a plain scalar means (YAML 1.2.2, section 10.3.2, the core schema).

use super::{Kind, Number, Style};

/// The value of a plain scalar; `None` for an infinity or "not a number", which JSON can't carry.
pub(super) fn resolve(text: &str) -> Option<Kind> {
    Some(match text {
        "" | "~" | "null" | "Null" | "NULL" => Kind::Null,
        "true" | "True" | "TRUE" => Kind::Bool(true),
        "false" | "False" | "FALSE" => Kind::Bool(false),
        text if is_not_finite(text) => return None,
        text => match number(text) {
            Some(json) => Kind::Number(Number { text: text.to_owned(), json }),
            None => Kind::String(text.to_owned(), Style::Plain),
        },
    })
}

fn is_not_finite(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// The number that a plain scalar is.
fn number(text: &str) -> Option<serde_json::Number> {
    let bytes = text.as_bytes();
    if !bytes.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let radix = |digits: &str, radix| {
        // Rust would take a sign here.
        digits.chars().all(|digit| digit.is_digit(radix)).then(|| u64::from_str_radix(digits, radix).ok()).flatten()
    };
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8).map(Into::into);
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16).map(Into::into);
    }
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if unsigned.bytes().all(|byte| byte.is_ascii_digit()) {
        if let Ok(value) = text.parse::<i64>() {
            return Some(value.into());
        }
        if let Ok(value) = text.parse::<u64>() {
            return Some(value.into());
        }
    }
    is_decimal(unsigned).then(|| text.parse().ok().and_then(serde_json::Number::from_f64)).flatten()
}

/// `( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => !fraction.is_empty() && digits(fraction),
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let exponent_fits = exponent.is_none_or(|exponent| {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !unsigned.is_empty() && digits(unsigned)
    });
    mantissa_fits && exponent_fits
}

#[cfg(test)]
mod tests {
    use super::{Kind, resolve};

    #[test]
    fn the_core_schema() {
        let numbers = [
            ("0", "0"),
            ("-17", "-17"),
            ("+5", "5"),
            ("007", "7"),
            ("0o17", "15"),
            ("0x1F", "31"),
            ("1.5", "1.5"),
            (".5", "0.5"),
            ("5.", "5.0"),
            ("1e3", "1000.0"),
            ("-2.5E-3", "-0.0025"),
            ("18446744073709551615", "18446744073709551615"),
        ];
        for (text, expected) in numbers {
            match resolve(text) {
                Some(Kind::Number(number)) => assert_eq!(number.json.to_string(), expected, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        let texts = [
            "yes",
            "on",
            "no",
            "2026-11-21",
            "1.2.3",
            "0o8",
            "0x",
            "0x+1",
            "e5",
            "1e",
            ".",
            "-",
            "+",
            "1_000",
            "tRue",
            "1 ",
        ];
        for text in texts {
            assert!(matches!(resolve(text), Some(Kind::String(..))), "{text}: {:?}", resolve(text));
        }
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(resolve(text), Some(Kind::Null), "{text}");
        }
        for text in [".inf", "-.INF", ".nan"] {
            assert_eq!(resolve(text), None, "{text}");
        }
    }
}
