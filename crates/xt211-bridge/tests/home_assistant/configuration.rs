//! What a Home Assistant starts with: a user, and the MQTT integration as if she had set it up.

use std::{fs, path::Path};

use serde_json::{Value, json};

/// The token that lets everybody in who knows it: `{"iss":"tests","iat":1767225600,
/// "exp":2398377600}`, which is until 2046, signed by [`KEY`].
pub(crate) const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJpc3MiOiJ0ZXN0cyIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjoyMzk4Mzc3NjAwfQ.\
    Qrc5jyU1o_NTEC7OhLKU653TlR2ndu5Yl96BErRwbLs";
/// The same of a user who is no administrator: `{"iss":"other",…}`.
pub(crate) const OTHER_TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.\
    eyJpc3MiOiJvdGhlciIsImlhdCI6MTc2NzIyNTYwMCwiZXhwIjoyMzk4Mzc3NjAwfQ.\
    d5B7pSSbrXvYgRH0wCBArjEEZFcqPd4VMwDuno_V1Qs";
const KEY: &str = "a key that only the throw-away Home Assistant of a test knows";

/// Little, so that it starts quickly.
const CONFIGURATION: &str = "
homeassistant:
  name: Home
  country: CZ
  currency: CZK
  latitude: 50.08
  longitude: 14.42
  elevation: 200
  unit_system: metric
  time_zone: Europe/Prague
api:
config:
energy:
frontend:
history:
logger:
  default: warning
recorder:
  commit_interval: 1
websocket_api:
";

/// Writes all of it into a new folder.
pub(crate) fn write(folder: &Path, broker: u16) {
    let storage = folder.join(".storage");
    fs::create_dir(&storage).unwrap();
    let store = |key: &str, version: [u32; 2], data: Value| {
        let [version, minor] = version;
        let file = json!({ "version": version, "minor_version": minor, "key": key, "data": data });
        fs::write(storage.join(key), file.to_string()).unwrap();
    };
    let steps = ["user", "core_config", "analytics", "integration"];
    store("onboarding", [4, 1], json!({ "done": steps }));
    store("core.config_entries", [1, 5], json!({ "entries": [mqtt(broker)] }));
    store("auth", [1, 1], auth());
    configure(folder, "");
}

/// Writes its configuration, and what is to be in it besides, in YAML.
pub(crate) fn configure(folder: &Path, more: &str) {
    let configuration = [CONFIGURATION, more].concat();
    fs::write(folder.join("configuration.yaml"), configuration).unwrap();
}

fn mqtt(port: u16) -> Value {
    json!({
        "entry_id": "mqtt",
        "domain": "mqtt",
        "title": "Mosquitto",
        "version": 2,
        "minor_version": 1,
        "data": { "broker": "127.0.0.1", "port": port, "protocol": "5" },
        "options": {},
        "subentries": [],
        "source": "user",
        "unique_id": null,
        "discovery_keys": {},
        "disabled_by": null,
        "pref_disable_new_entities": false,
        "pref_disable_polling": false,
        "created_at": LONG_AGO,
        "modified_at": LONG_AGO,
    })
}

fn auth() -> Value {
    let user = |id: &str, name: &str, group: &str| {
        json!({
            "id": id,
            "name": name,
            "group_ids": [group],
            "is_owner": id == "user",
            "is_active": true,
            "system_generated": false,
            "local_only": false,
        })
    };
    let token = |id: &str, user: &str| {
        json!({
            "id": id,
            "user_id": user,
            "client_id": null,
            "client_name": id,
            "client_icon": null,
            "token_type": "long_lived_access_token",
            "token": format!("{id}: not used, because what it would get is there already"),
            "jwt_key": KEY,
            "access_token_expiration": 631_152_000.0,
            "created_at": LONG_AGO,
            "last_used_at": null,
            "last_used_ip": null,
            "expire_at": null,
            "credential_id": null,
            "version": null,
        })
    };
    json!({
        "users": [user("user", "User", "system-admin"), user("other", "Other", "system-users")],
        "groups": [
            { "id": "system-admin", "name": "Administrators" },
            { "id": "system-users", "name": "Users" },
            { "id": "system-read-only", "name": "Read Only" },
        ],
        "credentials": [],
        "refresh_tokens": [token("tests", "user"), token("other", "other")],
    })
}

const LONG_AGO: &str = "2026-01-01T00:00:00+00:00";
