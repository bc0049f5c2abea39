//! From differences to objects.

use std::collections::HashMap;
use std::sync::Arc;

use super::header::Base;
use super::read::Entry;
use super::{DeltaError, PackError, delta};
use crate::object::{Kind, Object, ObjectId};

/// Entries by what they build on.
#[derive(Default)]
struct Waiting {
    on_place: HashMap<u64, Vec<usize>>,
    on_id: HashMap<ObjectId, Vec<usize>>,
}

/// Makes all objects. Each difference is applied once, as soon as what it builds on is there: chains of any length cost no
/// recursion, and what builds on itself is never reached.
pub(super) fn resolve(
    entries: Vec<Entry>,
    limit: u64,
    spent: u64,
    find: &dyn Fn(ObjectId) -> Option<Arc<Object>>,
) -> Result<Vec<(ObjectId, Object)>, PackError> {
    let mut waiting = Waiting::default();
    let mut ready = Vec::new();
    let mut made: Vec<Option<(ObjectId, Object)>> = Vec::with_capacity(entries.len());
    let mut deltas: Vec<(u64, Vec<u8>)> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        match entry.base {
            Base::Whole(kind) => {
                let object = Object { kind, data: entry.data };
                let id = entry.id.unwrap_or_else(|| object.id());
                made.push(Some((id, object)));
                deltas.push((entry.at, Vec::new()));
                ready.push(index);
                continue;
            }
            Base::Before(distance) => {
                let base = entry.at.checked_sub(distance).filter(|base| *base < entry.at);
                let base = base.ok_or(PackError::NoBaseAt { at: entry.at, base: 0 })?;
                waiting.on_place.entry(base).or_default().push(index);
            }
            Base::Id(id) => waiting.on_id.entry(id).or_default().push(index),
        }
        made.push(None);
        deltas.push((entry.at, entry.data));
    }
    let mut left = limit.saturating_sub(spent);
    let mut apply = |(at, data): &mut (u64, Vec<u8>), kind: Kind, base: &[u8]| {
        let data = std::mem::take(data);
        let failed = |error| match error {
            DeltaError::TooLarge { .. } => PackError::TooLarge { limit },
            error => PackError::Delta { at: *at, error },
        };
        // Asked before, as what is made is held beside what it is made of.
        let size = delta::result_size(&data).map_err(failed)?;
        left = left.checked_sub(size).ok_or(PackError::TooLarge { limit })?;
        let object = Object { kind, data: delta::apply(base, &data, size).map_err(failed)? };
        Ok::<_, PackError>((object.id(), object))
    };
    loop {
        while let Some(index) = ready.pop() {
            let Some((id, base)) = made[index].take() else { continue };
            let on_place = waiting.on_place.remove(&deltas[index].0).unwrap_or_default();
            for child in on_place.into_iter().chain(waiting.on_id.remove(&id).unwrap_or_default()) {
                made[child] = Some(apply(&mut deltas[child], base.kind, &base.data)?);
                ready.push(child);
            }
            made[index] = Some((id, base));
        }
        let Some(id) = waiting.on_id.keys().next().copied() else { break };
        let base = find(id).ok_or(PackError::NoBase(id))?;
        for child in waiting.on_id.remove(&id).unwrap_or_default() {
            made[child] = Some(apply(&mut deltas[child], base.kind, &base.data)?);
            ready.push(child);
        }
    }
    if let Some((&base, children)) = waiting.on_place.iter().next() {
        let at = children.first().map_or(0, |child| deltas[*child].0);
        return Err(PackError::NoBaseAt { at, base });
    }
    Ok(made.into_iter().flatten().collect())
}
