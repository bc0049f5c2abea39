//! Rules ready to be applied. Pure: heads and contents in, heads and contents out.

use std::borrow::Cow;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use regex::bytes::Regex;

use super::rule::{Action, FRAMING, LONGEST, Rule, Side, check_name, check_pattern, check_value};

/// What conditions look at: the request as it came, before any rule.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The path with its query, as the service's request line has it.
    pub target: &'a str,
    /// The host that the browser asked for, with its port where it has one.
    pub host: &'a str,
}

/// Rules that can be applied.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Prepared>,
}

#[derive(Debug, Clone)]
struct Prepared {
    on: Side,
    path: Option<Regex>,
    host: Option<Regex>,
    actions: Vec<Change>,
}

/// An action with its texts read.
#[derive(Debug, Clone)]
enum Change {
    Set(HeaderName, HeaderValue),
    Append(HeaderName, HeaderValue),
    Remove(HeaderName),
    ReplaceHeader(Option<HeaderName>, Regex, String),
    ReplaceBody(Regex, String),
    Status(StatusCode),
    Delay(Duration),
    CloseAfter(Duration),
}

impl Rules {
    /// Reads the texts of rules.
    ///
    /// # Errors
    /// The first text that is wrong, with the number of its rule.
    pub fn new(rules: &[Rule]) -> Result<Self, String> {
        let numbered = rules.iter().enumerate();
        let rules = numbered.map(|(index, rule)| prepare(rule).map_err(|why| format!("rule {}: {why}", index + 1)));
        Ok(Self { rules: rules.collect::<Result<_, _>>()? })
    }

    /// What is to be done to the request that goes on. Changes of an answer that the meddler gives by itself aren't among them.
    pub fn on_request(&self, asked: &Asked<'_>) -> Edits<'_> {
        let passing_on = self.holding(Side::Request, asked).map(|rule| (rule, rule.answers_by_itself()));
        let changes = passing_on.flat_map(|(rule, by_itself)| {
            rule.actions
                .iter()
                .filter(move |change| !by_itself || matches!(change, Change::Delay(_) | Change::CloseAfter(_)))
        });
        Edits { changes: changes.collect() }
    }

    /// The answer that the meddler gives by itself, where a rule says so: the first such rule.
    pub fn own_answer(&self, asked: &Asked<'_>) -> Option<Edits<'_>> {
        let rule = self.holding(Side::Request, asked).find(|rule| rule.answers_by_itself())?;
        Some(Edits { changes: rule.actions.iter().collect() })
    }

    /// What is to be done to the service's answer.
    pub fn on_response(&self, asked: &Asked<'_>) -> Edits<'_> {
        Edits { changes: self.holding(Side::Response, asked).flat_map(|rule| &rule.actions).collect() }
    }

    fn holding(&self, side: Side, asked: &Asked<'_>) -> impl Iterator<Item = &Prepared> {
        let path = asked.target.split(['?', '#']).next().unwrap_or_default();
        let host = without_port(asked.host);
        self.rules.iter().filter(move |rule| {
            let holds = |pattern: &Option<Regex>, texts: [&str; 2]| {
                pattern.as_ref().is_none_or(|pattern| texts.iter().any(|text| pattern.is_match(text.as_bytes())))
            };
            rule.on == side && holds(&rule.path, [path, asked.target]) && holds(&rule.host, [host, asked.host])
        })
    }
}

impl Prepared {
    fn answers_by_itself(&self) -> bool {
        self.on == Side::Request && self.actions.iter().any(|change| matches!(change, Change::Status(_)))
    }
}

/// What is to be done to one message, in its order.
#[derive(Debug, Clone, Default)]
pub struct Edits<'a> {
    changes: Vec<&'a Change>,
}

impl Edits<'_> {
    /// Changes the header fields.
    pub fn headers(&self, headers: &mut HeaderMap) {
        for change in &self.changes {
            match change {
                Change::Set(name, value) => drop(headers.insert(name, value.clone())),
                Change::Append(name, value) => drop(headers.append(name, value.clone())),
                Change::Remove(name) => drop(headers.remove(name)),
                Change::ReplaceHeader(name, find, with) => replace_header(headers, name.as_ref(), find, with),
                _ => {}
            }
        }
    }

    /// The status that it has in the end, where one is set.
    pub fn status(&self) -> Option<StatusCode> {
        let of = |change: &&Change| if let Change::Status(status) = change { Some(*status) } else { None };
        self.changes.iter().filter_map(of).next_back()
    }

    /// Whether the content has to be at hand.
    pub fn changes_content(&self) -> bool {
        self.changes.iter().any(|change| matches!(change, Change::ReplaceBody(..)))
    }

    /// The content as it is then; `None` where nothing in it changes.
    pub fn content(&self, content: &[u8]) -> Option<Vec<u8>> {
        let mut now = Cow::Borrowed(content);
        for change in &self.changes {
            if let Change::ReplaceBody(find, with) = change
                && find.is_match(&now)
            {
                now = Cow::Owned(find.replace_all(&now, with.as_bytes()).into_owned());
            }
        }
        match now {
            Cow::Borrowed(_) => None,
            Cow::Owned(changed) => Some(changed),
        }
    }

    /// How late the message is passed on: all delays together, no longer than an hour.
    pub fn delay(&self) -> Duration {
        let of = |change: &&Change| if let Change::Delay(delay) = change { Some(*delay) } else { None };
        let all = self.changes.iter().filter_map(of).fold(Duration::ZERO, Duration::saturating_add);
        all.min(Duration::from_millis(LONGEST))
    }

    /// When the connection is cut, counted from the request: the first of such times.
    pub fn close_after(&self) -> Option<Duration> {
        let of = |change: &&Change| if let Change::CloseAfter(after) = change { Some(*after) } else { None };
        self.changes.iter().filter_map(of).min()
    }
}

fn prepare(rule: &Rule) -> Result<Prepared, String> {
    let pattern = |key: &str, text: &str| check_pattern(text).map_err(|why| format!("{key}: `{text}`: {why}"));
    let optional = |key: &str, text: &Option<String>| text.as_ref().map(|text| pattern(key, text)).transpose();
    let name = |text: &String| check_name(text).map_err(|why| format!("`{text}`: {why}"));
    let value = |text: &String| check_value(text).map_err(|why| format!("`{text}`: {why}"));
    let wait = |milliseconds: u64| Duration::from_millis(milliseconds.min(LONGEST));
    let change = |action: &Action| {
        Ok(match action {
            Action::SetHeader { name: of, value: to } => Change::Set(name(of)?, value(to)?),
            Action::AppendHeader { name: of, value: to } => Change::Append(name(of)?, value(to)?),
            Action::RemoveHeader { name: of } => Change::Remove(name(of)?),
            Action::ReplaceHeader { name: of, find, with } => {
                Change::ReplaceHeader(of.as_ref().map(name).transpose()?, pattern("find", find)?, with.clone())
            }
            Action::ReplaceBody { find, with } => Change::ReplaceBody(pattern("find", find)?, with.clone()),
            Action::SetStatus(code) => {
                let status = StatusCode::from_u16(*code).ok().filter(|_| (200..=599).contains(code));
                Change::Status(status.ok_or_else(|| format!("expected a status from 200 to 599, found {code}"))?)
            }
            Action::DelayMs(delay) => Change::Delay(wait(*delay)),
            Action::CloseAfterMs(after) => Change::CloseAfter(wait(*after)),
        })
    };
    Ok(Prepared {
        on: rule.on,
        path: optional("match_path", &rule.match_path)?,
        host: optional("match_host", &rule.match_host)?,
        actions: rule.actions.iter().map(change).collect::<Result<_, String>>()?,
    })
}

fn replace_header(headers: &mut HeaderMap, name: Option<&HeaderName>, find: &Regex, with: &str) {
    let names: Vec<HeaderName> = match name {
        Some(name) => vec![name.clone()],
        None => headers.keys().filter(|name| !FRAMING.contains(&name.as_str())).cloned().collect(),
    };
    for name in names {
        let values: Vec<HeaderValue> = headers.get_all(&name).iter().cloned().collect();
        if !values.iter().any(|value| find.is_match(value.as_bytes())) {
            continue;
        }
        headers.remove(&name);
        for value in values {
            let changed = find.replace_all(value.as_bytes(), with.as_bytes());
            // What would not be a field value any more stays as it is.
            headers.append(&name, HeaderValue::from_bytes(&changed).unwrap_or(value));
        }
    }
}

/// A host without its port; the brackets of an IPv6 address stay.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if !port.contains(']') && (!name.contains(':') || name.ends_with(']')) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests;
