//! What is asked for, where the program is called by another's name: an image links it to where Woodpecker's programs are, so that what runs
//! those and asks how they are does the same with the doubles.

use crate::Environment;

/// The double's own words for a command line of which the first word is the program's path.
pub(crate) fn words(line: &[String], environment: &Environment) -> Vec<String> {
    let Some((program, arguments)) = line.split_first() else { return Vec::new() };
    let name = program.rsplit('/').next().unwrap_or_default();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let own = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    match (name, arguments.as_slice()) {
        ("woodpecker-server", []) => own(&["ci-server"]),
        ("woodpecker-server", ["ping"]) => {
            own(&["healthcheck", &health(environment, "WOODPECKER_SERVER_ADDR", ":8000")])
        }
        ("woodpecker-agent", []) => own(&["ci-agent"]),
        ("woodpecker-agent", ["ping"]) => {
            own(&["healthcheck", &health(environment, "WOODPECKER_HEALTHCHECK_ADDR", ":3000")])
        }
        (_, words) => own(words),
    }
}

/// Where the program of the same settings says how it is.
fn health(environment: &Environment, setting: &str, default: &str) -> String {
    let given = environment.iter().find(|(name, value)| name == setting && !value.is_empty());
    let address = given.map_or(default, |(_, value)| value.as_str());
    let host = if address.starts_with(':') { "127.0.0.1" } else { "" };
    format!("http://{host}{address}/healthz")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn woodpecker_s_command_lines_are_known() {
        let environment: Environment = vec![
            ("WOODPECKER_SERVER_ADDR".to_owned(), "10.0.0.1:80".to_owned()),
            ("WOODPECKER_HEALTHCHECK_ADDR".to_owned(), String::new()),
        ];
        for (line, expected) in [
            ("/bin/woodpecker-server", "ci-server"),
            ("woodpecker-server ping", "healthcheck http://10.0.0.1:80/healthz"),
            ("/bin/woodpecker-agent", "ci-agent"),
            ("/bin/woodpecker-agent ping", "healthcheck http://127.0.0.1:3000/healthz"),
            // Its own words go with its own name, and unknown ones are refused by name.
            ("/bin/double echo", "echo"),
            ("/bin/woodpecker-agent run", "run"),
            ("double", ""),
        ] {
            let line: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(words(&line, &environment).join(" "), expected, "{line:?}");
        }
    }
}
