//! What is said to which prompt.

use serde::Deserialize;
use serde_json::Value;

use super::conversation::Conversation;

/// One answer of the script, and when it is given. In JSON: `{"when": "…", "tools": [{"name": "Read", "input": {…}}], "say": "…"}`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// It is given to prompts that hold this text; to all where there is none.
    #[serde(default)]
    pub when: Option<String>,
    /// The tools that the model uses first, one after the other.
    #[serde(default)]
    pub tools: Vec<ToolUse>,
    /// What it says in the end. `{prompt}` stands for the last prompt, `{prompts}` for how many there were in the conversation,
    /// `{results}` for what the tools gave.
    #[serde(default)]
    pub say: String,
    /// How it fails instead.
    #[serde(default)]
    pub fail: Option<Failure>,
}

/// The model asks the client to run a tool.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ToolUse {
    /// The tool's name.
    pub name: String,
    /// What it is run with.
    pub input: Value,
}

/// The API fails, as it does now and then.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failure {
    /// The status: 401, 403, 429, 500, 529 … Each has its own type of error.
    pub status: u16,
    /// After how many tokens of the answer the stream breaks off with an `error` event; at once, with the status, where there is none.
    #[serde(default)]
    pub after_tokens: Option<usize>,
}

impl Answer {
    /// Says a text.
    pub fn says(text: &str) -> Self {
        Self { when: None, tools: Vec::new(), say: text.to_owned(), fail: None }
    }

    /// Only to prompts that hold this text.
    #[must_use]
    pub fn when(mut self, part: &str) -> Self {
        self.when = Some(part.to_owned());
        self
    }

    /// Uses a tool before it says anything.
    #[must_use]
    pub fn using(mut self, name: &str, input: Value) -> Self {
        self.tools.push(ToolUse { name: name.to_owned(), input });
        self
    }

    /// Fails.
    #[must_use]
    pub fn failing(mut self, failure: Failure) -> Self {
        self.fail = Some(failure);
        self
    }
}

/// What the model does next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Turn {
    /// It says something, and is done.
    Say(String),
    /// It wants a tool to be run.
    Use(ToolUse),
}

/// The answer of the script that goes with a conversation: the first that fits.
pub(super) fn choose<'a>(script: &'a [Answer], conversation: &Conversation) -> Option<&'a Answer> {
    let fits = |answer: &&Answer| answer.when.as_ref().is_none_or(|part| conversation.prompt.contains(part));
    script.iter().find(fits)
}

/// Where in the answer the conversation stands.
pub(super) fn next(answer: &Answer, conversation: &Conversation) -> Turn {
    if let Some(tool) = answer.tools.get(conversation.results.len()) {
        return Turn::Use(tool.clone());
    }
    let said = answer.say.replace("{prompts}", &conversation.prompts.to_string());
    let said = said.replace("{results}", &conversation.results.join("\n"));
    // Last, so that nothing in a prompt is taken for one of these.
    Turn::Say(said.replace("{prompt}", &conversation.prompt))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn conversation(prompt: &str, results: &[&str]) -> Conversation {
        let results = results.iter().map(|&result| result.to_owned()).collect();
        Conversation { prompt: prompt.to_owned(), prompts: 2, results, words: 0 }
    }

    #[test]
    fn the_first_answer_that_fits_is_given() {
        let script = [Answer::says("a").when("issue"), Answer::says("b").when("run"), Answer::says("c")];
        for (prompt, expected) in [("run an issue", "a"), ("run", "b"), ("hello", "c"), ("", "c")] {
            assert_eq!(choose(&script, &conversation(prompt, &[])).unwrap().say, expected, "{prompt}");
        }
        assert_eq!(choose(&script[..1], &conversation("hello", &[])), None);
    }

    #[test]
    fn tools_are_used_one_after_the_other_and_then_it_speaks() {
        let answer = Answer::says("{prompts}: {prompt}: {results}")
            .using("Read", json!({ "file_path": "a" }))
            .using("Edit", json!({ "file_path": "b" }));
        let name = |turn| match turn {
            Turn::Use(tool) => tool.name,
            Turn::Say(text) => text,
        };
        for (results, expected) in
            [(&[][..], "Read"), (&["one"][..], "Edit"), (&["one", "two"][..], "2: {results}: one\ntwo")]
        {
            assert_eq!(name(next(&answer, &conversation("{results}", results))), expected);
        }
    }

    #[test]
    fn a_script_is_read_from_json_and_a_misspelt_key_is_refused() {
        let read = serde_json::from_str::<Vec<Answer>>;
        let script =
            read(r#"[{"when": "a", "say": "b", "tools": [{"name": "Read", "input": {}}]}, {"fail": {"status": 529}}]"#);
        let script = script.unwrap();
        assert_eq!(script[0], Answer::says("b").when("a").using("Read", json!({})));
        assert_eq!(script[1].fail, Some(Failure { status: 529, after_tokens: None }));
        assert!(read(r#"[{"says": "b"}]"#).unwrap_err().to_string().contains("says"));
    }
}
