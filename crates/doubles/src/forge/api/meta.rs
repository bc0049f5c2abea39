//! What the forge says of itself.

use http::{Response, StatusCode};
use serde_json::json;
use serve::Body;

use super::Reply;
use super::call::Call;
use crate::forge::{State, answer};

pub(super) fn version_of(forge: &State) -> Response<Body> {
    answer::api(StatusCode::OK, &json!({ "version": forge.settings.flavour.version() }))
}

pub(super) fn version(call: &Call<'_>) -> Reply {
    Ok(version_of(call.forge))
}

pub(super) fn api_settings(call: &Call<'_>) -> Reply {
    call.reply(&json!({
        "max_response_items": 50,
        "default_paging_num": 30,
        "default_git_trees_per_page": 1000,
        "default_max_blob_size": 10_485_760,
    }))
}

pub(super) fn repository_settings(call: &Call<'_>) -> Reply {
    call.reply(&json!({
        "mirrors_disabled": true,
        "http_git_disabled": false,
        "migrations_disabled": true,
        "stars_disabled": true,
        "time_tracking_disabled": true,
        "lfs_disabled": true,
    }))
}

pub(super) fn attachment_settings(call: &Call<'_>) -> Reply {
    call.reply(&json!({ "enabled": false, "allowed_types": "", "max_size": 0, "max_files": 0 }))
}

pub(super) fn ui_settings(call: &Call<'_>) -> Reply {
    let theme = format!("{}-auto", call.forge.settings.flavour.as_str().to_lowercase());
    call.reply(&json!({ "default_theme": theme, "allowed_reactions": [], "custom_emojis": [] }))
}
