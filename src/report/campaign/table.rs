//! The table for people: a line a fault, and what it adds up to.

use crate::campaign::Score;
use crate::campaign::outcome::{Judged, Outcome};
use crate::campaign::score::{Share, Totals};
use crate::report::Style;
use crate::report::style::Paint;
use crate::report::text::{count, duration, left, one_line, right, shorten};

/// Cells of the column of ids.
const ID: usize = 40;
/// Cells of a column of answers.
const ANSWER: usize = 8;
/// Cells of the column of times.
const TIME: usize = 8;

/// What the columns are.
pub fn heading(style: Style) -> String {
    let answers: String = ["seen", "named", "class", "fix", "http"].iter().map(|title| left(title, ANSWER)).collect();
    style.paint(Paint::Faint, &format!("{} {answers}{}  verdict, findings", left("fault", ID), right("time", TIME)))
}

/// What came of a fault, on one line.
pub fn row(outcome: &Outcome, style: Style) -> String {
    let id = left(&one_line(&outcome.id), ID);
    if let Some(reason) = &outcome.not_applicable {
        return style.paint(Paint::Faint, &format!("{id} not applicable: {}", one_line(reason)));
    }
    let Some(judged) = &outcome.judged else { return id };
    let answers: String = answers(outcome, judged)
        .into_iter()
        .map(|(word, is_bad)| {
            let cell = left(word, ANSWER);
            if is_bad { style.paint(Paint::Bad, &cell) } else { cell }
        })
        .collect();
    let time = right(&duration(outcome.duration_ms), TIME);
    let found = match outcome.did_not_stand() {
        Some(reason) => one_line(reason),
        None => codes(judged),
    };
    let ending = format!("{} {found}", judged.verdict.as_str());
    format!("{id} {answers}{time}  {}", shorten(ending.trim_end(), style.measure()))
}

/// The answers of a row, and which of them are bad.
pub(super) fn answers(outcome: &Outcome, judged: &Judged) -> [(&'static str, bool); 5] {
    let answer = |answer: Option<bool>| match answer {
        None => ("-", false),
        Some(true) => ("yes", false),
        Some(false) => ("no", true),
    };
    if outcome.is_innocent() {
        let flagged = |judged: &Judged| if judged.is_clean() { ("let be", false) } else { ("FLAGGED", true) };
        let alone = outcome.http_alone.as_ref().map_or(("-", false), flagged);
        return [flagged(judged), answer(None), answer(None), answer(None), alone];
    }
    let alone = outcome.http_alone.as_ref().and_then(|judged| judged.named);
    [answer(Some(judged.seen)), answer(judged.named), answer(judged.class_right), answer(judged.proven), answer(alone)]
}

/// The findings of a row; what nobody expected is marked.
pub(super) fn codes(judged: &Judged) -> String {
    let code = |code: &String| if judged.besides.contains(code) { format!("+{code}") } else { code.clone() };
    let mut codes: Vec<String> = Vec::new();
    for found in &judged.findings {
        let code = code(&found.code);
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    codes.join(", ")
}

/// What the rows of a score add up to.
pub(super) fn sums(totals: &Totals) -> [(&'static str, Share); 6] {
    [
        ("seen", totals.seen),
        ("cause named", totals.named),
        ("verdict and class right", totals.class),
        ("fix proven", totals.proven),
        ("nothing else found", totals.alone),
        ("innocent let be", totals.innocent),
    ]
}

/// `44/45, 97 %`; `-` where there is nothing to count.
pub(super) fn share(share: Share) -> String {
    match share.of {
        0 => "-".to_owned(),
        of => format!("{}/{of}, {} %", share.right, share.percent()),
    }
}

/// What the score is, whether it holds, and what got worse.
pub fn ending(score: &Score, worse: &[String], style: Style) -> String {
    let mut text = format!("\n{}\n", summary(score));
    text.push_str(&format!("{}{}{}\n", left("", 26), left("all evidence", 16), "HTTP alone"));
    let alone = sums(&score.http_alone);
    for ((title, all), (_, alone)) in sums(&score.all_evidence).into_iter().zip(alone) {
        text.push_str(&format!("{}{}{}\n", left(title, 26), left(&share(all), 16), share(alone)));
    }
    for shortfall in &score.shortfalls {
        text.push_str(&format!("{}: {}\n", style.paint(Paint::Bad, "short"), one_line(shortfall)));
    }
    for change in worse {
        text.push_str(&format!("{}: {}\n", style.paint(Paint::Bad, "worse"), one_line(change)));
    }
    let (paint, verdict) = match (score.holds, worse.is_empty()) {
        (true, true) => (Paint::Good, "the score holds"),
        (true, false) => (Paint::Bad, "the score holds, and is worse than it was"),
        (false, _) => (Paint::Bad, "the score does not hold"),
    };
    text.push_str(&format!("{}\n", style.paint(paint, verdict)));
    text
}

/// What was tried, and how long it took.
pub(super) fn summary(score: &Score) -> String {
    let tried = score.faults.len() - score.not_applicable();
    let left_out = match score.not_applicable() {
        0 => String::new(),
        number => format!(", {number} not applicable"),
    };
    let time = duration(score.duration_ms);
    format!("{} tried on {} in {time}{left_out}", count(tried, "fault"), score.stack)
}
