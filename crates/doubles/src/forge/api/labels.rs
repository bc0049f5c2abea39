//! Labels of a repository.

use http::{Response, StatusCode};
use serde_json::{Value, json};
use serve::Body;

use super::Reply;
use super::call::{Call, Found, text};
use crate::forge::records::{Access, Label, MOST};

fn shape(call: &Call<'_>, found: &Found, label: &Label) -> Value {
    json!({
        "id": label.id,
        "name": label.name,
        "exclusive": false,
        "is_archived": false,
        "color": label.color,
        "description": label.description,
        "url": call.links.api(&format!("repos/{}/labels/{}", found.name(), label.id)),
    })
}

/// Labels by their ids, as an issue shows them.
pub(super) fn shapes(call: &Call<'_>, found: &Found, ids: &[u64]) -> Vec<Value> {
    let labels = call.forge.stores.records.get(found.facts.id).labels;
    labels.iter().filter(|label| ids.contains(&label.id)).map(|label| shape(call, found, label)).collect()
}

/// The labels that an issue to be is given. The API takes ids and nothing else. Ids that the repository doesn't have are passed over, and so
/// are all of somebody who may not write.
pub(super) fn given(call: &Call<'_>, found: &Found, body: &Value) -> Result<Vec<u64>, Response<Body>> {
    let Some(given) = body.get("labels").and_then(Value::as_array) else { return Ok(Vec::new()) };
    let Some(ids) = given.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>() else {
        let kind = if given.iter().any(Value::is_string) { "string" } else { "value" };
        let message =
            format!("[]: json: cannot unmarshal {kind} into Go struct field CreateIssueOption.labels of type int64");
        return Err(call.refusal(StatusCode::UNPROCESSABLE_ENTITY, &message));
    };
    if found.access < Access::Write {
        return Ok(Vec::new());
    }
    let known = call.forge.stores.records.get(found.facts.id).labels;
    Ok(ids.into_iter().filter(|id| known.iter().any(|label| label.id == *id)).collect())
}

pub(super) fn list(call: &Call<'_>) -> Reply {
    let found = call.readable()?;
    let mut labels = call.forge.stores.records.get(found.facts.id).labels;
    labels.sort_by(|one, other| one.name.cmp(&other.name));
    let list: Vec<Value> = labels.iter().map(|label| shape(call, &found, label)).collect();
    call.page(&list)
}

pub(super) fn create(call: &Call<'_>) -> Reply {
    let found = call.repository(Access::Write, "user should have a permission to write to a repo")?;
    let body = call.body()?;
    let name = call.required(&body, "name", "Name")?;
    let color = call.required(&body, "color", "Color")?;
    let color = color.trim_start_matches('#').to_owned();
    if color.len() != 6 || !color.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(call.refusal(StatusCode::UNPROCESSABLE_ENTITY, &format!("invalid color: #{color}")));
    }
    let description = text(&body, "description").unwrap_or_default().to_owned();
    let label = Label { id: call.forge.stores.records.next_id(), name, color, description };
    let made = call.forge.stores.records.with(found.facts.id, |record| {
        let has_room = record.labels.len() < MOST;
        if has_room {
            record.labels.push(label.clone());
        }
        has_room
    });
    if !made {
        return Err(call.refusal(StatusCode::UNPROCESSABLE_ENTITY, "the repository has too many labels"));
    }
    call.created(&shape(call, &found, &label))
}
