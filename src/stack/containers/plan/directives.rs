//! Directives in a Caddyfile's text.

/// The text with each of these directives, wherever it stands, replaced by what is to stand in its place; `None` takes it out.
///
/// A directive is told by its name and as many of its arguments as are given; what is in its braces goes with it.
pub(super) fn replaced(text: &str, directives: &[(String, Option<String>)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (name, value) in directives {
        lines = replaced_one(&lines, name, value.as_deref());
    }
    lines.into_iter().map(|line| line + "\n").collect()
}

fn replaced_one(lines: &[String], name: &str, value: Option<&str>) -> Vec<String> {
    let wanted: Vec<&str> = name.split_whitespace().collect();
    let mut kept = Vec::with_capacity(lines.len());
    let mut rest = lines.iter();
    while let Some(line) = rest.next() {
        let words: Vec<&str> = line.split_whitespace().collect();
        if wanted.is_empty() || !words.starts_with(&wanted) {
            kept.push(line.clone());
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        kept.extend(value.into_iter().flat_map(str::lines).map(|line| format!("{indent}{line}")));
        let mut depth = depth_after(0, line);
        while depth > 0 {
            let Some(line) = rest.next() else { break };
            depth = depth_after(depth, line);
        }
    }
    kept
}

/// How deep in braces the text is after a line: a block begins at a line's end and ends on a line of its own.
fn depth_after(depth: usize, line: &str) -> usize {
    let line = line.trim();
    match line {
        "}" => depth.saturating_sub(1),
        _ if line == "{" || line.ends_with(" {") => depth + 1,
        _ => depth,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "{\n\tadmin :2019\n}\nroute {\n\treverse_proxy forge:3000 {\n\t\ttransport http {\n\t\t\tread_timeout 2s\n\t\t}\n\t\theader_up -Connection\n\t\theader_up Host x\n\t}\n}\n";

    #[test]
    fn a_directive_is_replaced_or_taken_out_with_its_block_and_nothing_else_is() {
        let lines = |name: &str, value: Option<&str>| {
            let text = replaced(TEXT, &[(name.to_owned(), value.map(str::to_owned))]);
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
            text.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>()
        };
        let all = TEXT.lines().map(|line| line.trim().to_owned()).collect::<Vec<_>>();
        let without =
            |gone: &[&str]| all.iter().filter(|line| !gone.contains(&line.as_str())).cloned().collect::<Vec<_>>();
        assert_eq!(lines("header_up -Connection", None), without(&["header_up -Connection"]));
        assert_eq!(lines("header_up", None), without(&["header_up -Connection", "header_up Host x"]));
        assert_eq!(lines("admin", Some("admin off"))[1], "admin off");
        assert_eq!(
            lines("read_timeout", Some("read_timeout 60s\nwrite_timeout 60s"))[6..8],
            ["read_timeout 60s", "write_timeout 60s"]
        );
        assert_eq!(lines("transport", None).len(), all.len() - 3);
        for same in ["", "nosuch", "adm", "header_up -Conn"] {
            assert_eq!(lines(same, None), all, "{same}");
        }
    }
}
