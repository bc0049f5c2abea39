//! `srcset` (HTML standard, "Parsing a srcset attribute").

/// The addresses of the candidates.
pub(super) fn candidates(text: &str) -> Vec<&str> {
    let mut candidates = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches(|character: char| character.is_ascii_whitespace() || character == ',');
        if rest.is_empty() {
            return candidates;
        }
        let end = rest.find(|character: char| character.is_ascii_whitespace()).unwrap_or(rest.len());
        let (address, behind) = rest.split_at(end);
        let bare = address.trim_end_matches(',');
        candidates.push(bare);
        // A comma at the end of the address leaves no room for descriptors.
        rest = if bare.len() < address.len() { behind } else { &behind[descriptors(behind)..] };
    }
}

/// How long the descriptors are: up to a comma that stands in no parentheses.
fn descriptors(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_split_as_browsers_do() {
        assert_eq!(candidates("a.png, b.png 2x ,c.png 100w"), ["a.png", "b.png", "c.png"]);
        assert_eq!(candidates("a,b.png 1x,c.png"), ["a,b.png", "c.png"]);
        assert_eq!(
            candidates("data:image/png;base64,AA= 1x, b.png (x, y) 2x, c.png"),
            ["data:image/png;base64,AA=", "b.png", "c.png"]
        );
        assert_eq!(candidates(" , ,"), [""; 0]);
    }
}
