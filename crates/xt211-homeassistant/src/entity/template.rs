//! Jinja templates that find a value in its state message.

use crate::key::{Key, ModuleKey};

/// How a state is made of the value in the message.
///
/// A message may lack a value: one that is not known since a restart, or not current any more.
/// Then the state becomes unknown (what Home Assistant makes of `None`) and nothing is logged,
/// which `value_json['1.8.0']` would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Template {
    /// As it is.
    Value,
    /// Its first 255 characters, as Home Assistant refuses a longer state; the whole text is in an
    /// attribute then.
    Text,
    /// On if it is 1 or true, off if it is 0 or false, unknown if it is anything else.
    Switch,
    /// A text, with the attributes of the module's status.
    Status,
    /// As it is, with the reason of a failure as an attribute.
    Reasoned,
}

impl Template {
    pub(crate) fn state(self, key: Key) -> String {
        match self {
            Self::Value | Self::Reasoned => format!("{{{{ value_json.get('{key}') }}}}"),
            Self::Text | Self::Status => {
                format!("{{{{ (value_json.get('{key}') | string)[:255] }}}}")
            }
            Self::Switch => {
                format!("{{{{ {{1: 'ON', 0: 'OFF'}}.get(value_json.get('{key}')) }}}}")
            }
        }
    }

    pub(crate) fn attributes(self, key: Key) -> Option<String> {
        match self {
            Self::Value | Self::Switch => None,
            Self::Text => Some(with_full_text(key, "{}")),
            Self::Status => {
                let attributes = pick(&ModuleKey::STATUS_ATTRIBUTES.map(ModuleKey::as_str));
                Some(with_full_text(key, &attributes))
            }
            Self::Reasoned => Some(format!("{{{{ dict({}) | to_json }}}}", pick(&["reason"]))),
        }
    }
}

/// These attributes, and the whole text if the state is only its beginning.
fn with_full_text(key: Key, attributes: &str) -> String {
    format!(
        "{{% set text = value_json.get('{key}') | string %}}\
         {{% set full = {{'full_text': text}} if text | length > 255 else {{}} %}}\
         {{{{ dict({attributes}, **full) | to_json }}}}"
    )
}

/// Those of the keys that the message has.
fn pick(keys: &[&str]) -> String {
    let keys = keys.iter().map(|key| format!("'{key}'")).collect::<Vec<_>>().join(", ");
    format!("value_json.items() | selectattr(0, 'in', [{keys}])")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states() {
        let state = |template: Template, key: &str| template.state(key.parse().unwrap());
        assert_eq!(state(Template::Value, "1.8.0"), "{{ value_json.get('1.8.0') }}");
        assert_eq!(
            state(Template::Text, "96.13.0"),
            "{{ (value_json.get('96.13.0') | string)[:255] }}"
        );
        assert_eq!(
            state(Template::Status, "status"),
            "{{ (value_json.get('status') | string)[:255] }}"
        );
        assert_eq!(
            state(Template::Switch, "96.3.10"),
            "{{ {1: 'ON', 0: 'OFF'}.get(value_json.get('96.3.10')) }}"
        );
    }

    #[test]
    fn attributes() {
        let attributes = |template: Template, key: &str| template.attributes(key.parse().unwrap());
        assert_eq!(attributes(Template::Value, "1.8.0"), None);
        assert_eq!(
            attributes(Template::Text, "96.13.0").as_deref(),
            Some(
                "{% set text = value_json.get('96.13.0') | string %}\
                 {% set full = {'full_text': text} if text | length > 255 else {} %}\
                 {{ dict({}, **full) | to_json }}"
            )
        );
        assert_eq!(
            attributes(Template::Status, "status").as_deref(),
            Some(
                "{% set text = value_json.get('status') | string %}\
                 {% set full = {'full_text': text} if text | length > 255 else {} %}\
                 {{ dict(value_json.items() | selectattr(0, 'in', \
                 ['status_text', 'planned_start', 'real_start', 'sent']), **full) | to_json }}"
            )
        );
        assert_eq!(
            attributes(Template::Reasoned, "influxdb").as_deref(),
            Some("{{ dict(value_json.items() | selectattr(0, 'in', ['reason'])) | to_json }}")
        );
    }
}
