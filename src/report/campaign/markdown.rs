//! The score as Markdown (GitHub Flavored Markdown).

use super::table::{answers, codes, share, summary, sums};
use crate::campaign::Score;
use crate::campaign::outcome::Outcome;
use crate::report::markdown::escape;
use crate::report::text::duration;

/// `score.md`.
pub fn markdown(score: &Score) -> String {
    let verdict = if score.holds { "holds" } else { "does not hold" };
    let mut text = format!("# The fault campaign: the score {verdict}\n\n{}\n\n", escape(&summary(score)));
    if score.stack == "embedded" {
        text.push_str("**These were doubles: nothing here speaks for the real programs.**\n\n");
    }
    text.push_str("| | all evidence | HTTP alone |\n|---|---|---|\n");
    let alone = sums(&score.http_alone);
    for ((title, all), (_, alone)) in sums(&score.all_evidence).into_iter().zip(alone) {
        text.push_str(&format!("| {title} | {} | {} |\n", share(all), share(alone)));
    }
    text.push('\n');
    for shortfall in &score.shortfalls {
        text.push_str(&format!("- {}\n", escape(shortfall)));
    }
    if !score.shortfalls.is_empty() {
        text.push('\n');
    }
    text.push_str("| fault | what is wrong | seen | named | class | fix | HTTP alone | time | verdict, findings |\n");
    text.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for outcome in &score.faults {
        text.push_str(&row(outcome));
    }
    text
}

fn row(outcome: &Outcome) -> String {
    let (id, title) = (escape(&outcome.id), escape(&outcome.title));
    let Some(judged) = &outcome.judged else {
        let reason = outcome.not_applicable.as_deref().unwrap_or_default();
        return format!("| {id} | {title} | | | | | | | not applicable: {} |\n", escape(reason));
    };
    let answers =
        answers(outcome, judged).map(|(word, is_bad)| if is_bad { format!("**{word}**") } else { word.to_owned() });
    let found = match outcome.did_not_stand() {
        Some(reason) => reason.to_owned(),
        None => codes(judged),
    };
    let time = duration(outcome.duration_ms);
    format!("| {id} | {title} | {} | {time} | {} {} |\n", answers.join(" | "), judged.verdict.as_str(), escape(&found))
}
