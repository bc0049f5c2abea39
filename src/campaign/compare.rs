//! What got worse since an earlier score.

use super::outcome::{Judged, Outcome};
use super::score::Score;

/// What an earlier score had and this one hasn't, a sentence each. With `whole`, faults that are gone count as well: leaving
/// out what fails would make any score good.
pub fn worse(base: &Score, now: &Score, whole: bool) -> Vec<String> {
    let mut worse = Vec::new();
    for before in &base.faults {
        let after = now.faults.iter().find(|after| after.id == before.id);
        match after {
            Some(after) => worse.extend(worse_of(before, after)),
            None if whole && before.judged.is_some() => worse.push(format!("{}: it is not tried any more", before.id)),
            None => {}
        }
    }
    worse
}

fn worse_of(before: &Outcome, after: &Outcome) -> Vec<String> {
    let id = &before.id;
    let Some(was) = &before.judged else { return Vec::new() };
    let Some(is) = &after.judged else {
        let reason = after.not_applicable.as_deref().unwrap_or("it was not tried");
        return vec![format!("{id}: it was tried before, and now {reason}")];
    };
    let innocent = after.is_innocent();
    let altogether = changes(was, is, innocent);
    let alone = match (&before.http_alone, &after.http_alone) {
        (Some(was), Some(is)) => changes(was, is, innocent),
        _ => Vec::new(),
    };
    // What got worse altogether is said once.
    let alone = alone.into_iter().filter(|change| !altogether.contains(change));
    let alone: Vec<String> = alone.map(|change| format!("{id}: on HTTP evidence alone {change}")).collect();
    altogether.into_iter().map(|change| format!("{id}: {change}")).chain(alone).collect()
}

fn changes(was: &Judged, is: &Judged, innocent: bool) -> Vec<&'static str> {
    let lost = |was: Option<bool>, is: Option<bool>| was == Some(true) && is != Some(true);
    let guilty = !innocent;
    [
        (guilty && was.seen && !is.seen, "it was seen, and isn't any more"),
        (guilty && lost(was.named, is.named), "its cause was named, and isn't any more"),
        (guilty && lost(was.class_right, is.class_right), "its verdict and class were right, and aren't any more"),
        (guilty && lost(was.proven, is.proven), "its fix was proven, and isn't any more"),
        (innocent && was.is_clean() && !is.is_clean(), "it was let be, and is flagged now"),
    ]
    .into_iter()
    .filter_map(|(is_worse, text)| is_worse.then_some(text))
    .collect()
}
