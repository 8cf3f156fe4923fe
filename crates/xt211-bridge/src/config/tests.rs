use std::{fs, path::PathBuf};

use xt211_web::{Edit, Refusal};

use super::*;

/// Loads a configuration from a file of its own.
fn load(name: &str, text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let directory = std::env::temp_dir().join(format!("xt211-config-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    let file = directory.join(format!("{name}.toml"));
    fs::write(&file, text).unwrap();
    let environment = environment.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Config::load(Some(&file), environment)
}

/// What is wrong with a configuration, without the folder in front.
fn wrong(name: &str, text: &str, environment: &[(&str, &str)]) -> String {
    let error = load(name, text, environment).unwrap_err().to_string();
    let folder = std::env::temp_dir().join(format!("xt211-config-{}/", std::process::id()));
    error.replace(&*folder.to_string_lossy(), "")
}

#[test]
fn the_printed_default_is_the_default() {
    let printed = load("default", DEFAULT, &[]).unwrap();
    let empty = load("empty", "", &[]).unwrap();
    let text = |config: Config| format!("{:?}", Config { file: None, is_new: true, ..config });
    assert_eq!(text(printed), text(empty));
}

#[test]
fn every_commented_key_exists() {
    let uncommented = DEFAULT
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("mqtt://", "mqtts://")
        .replace("http://", "https://");
    let alone = uncommented.replace("share_name =", "# share_name =");
    let config = load("uncommented", &alone, &[]).unwrap();
    assert_eq!(config.influxdb.unwrap().bucket, "energy");
    // Several have names of their own, and write no hours.
    let hours = uncommented.find("# With its address").unwrap()
        ..uncommented.find("# Without a url").unwrap();
    let mut several = uncommented.replace("\"xt211-bridge\"", "\"xt211-bridge-1\"");
    several.replace_range(hours.start + 2..hours.end + 2, "");
    let config = load("several", &several, &[]).unwrap();
    assert_eq!(config.mqtt.filter("a/data"), "$share/xt211/a/data");
    assert_eq!(config.topics.availability(), "xt211/bridge/availability/xt211-bridge-1");
}

#[test]
fn the_example_is_right() {
    let example = include_str!("../../../../examples/xt211-bridge.toml");
    let config = Config::parse(example).unwrap();
    assert_eq!(config.mqtt.address(), "mqtts://broker.example.org:8883");
    assert_eq!(config.meters.iter().map(Meter::is_wild).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn the_environment_goes_over_the_file() {
    let file = "[mqtt]\nurl = \"mqtt://file:1\"\n[store]\nkeep_days = 5\n";
    let config = load(
        "environment",
        file,
        &[
            ("XT211_MQTT_URL", "mqtts://there"),
            ("XT211_METER_MAX_POWER_KW", "17"),
            ("XT211_METER_SERIAL", "5100025085"),
            ("XT211_HOMEASSISTANT_ENABLED", "false"),
            ("XT211_CONFIG", "ignored"),
            ("PATH", "ignored"),
        ],
    )
    .unwrap();
    assert_eq!(config.mqtt.address(), "mqtts://there:8883");
    assert_eq!(config.meters[0].max_power_kw, 17.0);
    assert_eq!(config.meters[0].serial.as_deref(), Some("5100025085"));
    assert!(config.homeassistant.is_none());
    assert_eq!(config.store.keep_days, 5);
}

#[test]
fn languages() {
    let language = |text: &str, environment: &[(&str, &str)]| {
        load("language", text, environment).unwrap().homeassistant.unwrap().language
    };
    let czech = "[homeassistant]\nlanguage = \"cs\"";
    assert_eq!(language("", &[]), Language::English);
    assert_eq!(language(czech, &[]), Language::Czech);
    let environment = [("XT211_HOMEASSISTANT_LANGUAGE", "cs")];
    assert_eq!(language("", &environment), Language::Czech);
    assert_eq!(language(czech, &[("XT211_HOMEASSISTANT_LANGUAGE", "en")]), Language::English);
    assert_eq!(
        wrong("language2", "", &[("XT211_HOMEASSISTANT_LANGUAGE", "Czech")]),
        "environment variable XT211_HOMEASSISTANT_LANGUAGE: expected `en` or `cs`, found `Czech`"
    );
}

#[test]
fn secrets_come_from_files_too() {
    let path = std::env::temp_dir().join(format!("xt211-secret-{}", std::process::id()));
    fs::write(&path, "hunter2\n").unwrap();
    let environment =
        [("XT211_MQTT_USERNAME", "me"), ("XT211_MQTT_PASSWORD_FILE", path.to_str().unwrap())];
    let config = load("secret", "", &environment).unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    let (user, password) = config.mqtt.login.unwrap();
    assert_eq!((user.as_str(), password.unwrap().expose()), ("me", "hunter2"));
    let _ = fs::remove_file(path);

    let missing = [("XT211_MQTT_USERNAME", "me"), ("XT211_MQTT_PASSWORD_FILE", "/nowhere")];
    assert_eq!(
        wrong("secret2", "", &missing),
        "environment variable XT211_MQTT_PASSWORD_FILE: the file that it names cannot be read: No such file or \
         directory (os error 2)"
    );
}

#[test]
fn what_is_written_wrong_is_named_with_its_line() {
    let cases = [
        (
            "[mqtt]\nulr = \"x\"",
            "a.toml, line 2: mqtt.ulr: unknown field `ulr`, expected one of `url`, `ca_file`, `username`, `password`, `client_id`, `share_name`",
        ),
        (
            "[store]\n\nkeep_days = \"long\"",
            "a.toml, line 3: store.keep_days: invalid type: string \"long\", expected a whole number",
        ),
        ("[mqtt]\npassword = 4711", "a.toml, line 2: mqtt.password: expected a text in quotes"),
        ("[mqtt]\npassword = \"4711", "a.toml, line 2: invalid basic string, expected `\"`"),
        ("[mqtt", "a.toml, line 1: unclosed table, expected `]`"),
        (
            "[meter]\nid = \"a\"",
            "a.toml, line 1: meter: meters are a list: write [[meter]] with two brackets",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(wrong("a", text, &[]), expected);
    }
    assert_eq!(
        Config::load(Some(&PathBuf::from("/nowhere.toml")), std::iter::empty())
            .unwrap_err()
            .to_string(),
        "/nowhere.toml: No such file or directory (os error 2)"
    );
}

#[test]
fn what_the_environment_says_wrong_is_named() {
    let cases = [
        (
            "XT211_MQTT_ULR",
            "x",
            "environment variable XT211_MQTT_ULR: unknown field `ulr`, expected one of `url`, `ca_file`, `username`, `password`, `client_id`, `share_name`",
        ),
        (
            "XT211_STORE_KEEP_DAYS",
            "long",
            "environment variable XT211_STORE_KEEP_DAYS: invalid type: string \"long\", expected a whole number",
        ),
        (
            "XT211_MQTT",
            "x",
            "environment variable XT211_MQTT: expected XT211_<SECTION>_<KEY>, such as XT211_MQTT_URL",
        ),
        (
            "XT211_MQTT_URL",
            "there",
            "environment variable XT211_MQTT_URL: is not a URL: write mqtt://HOST:1883, or mqtts://HOST:8883 for TLS",
        ),
    ];
    for (name, value, expected) in cases {
        assert_eq!(wrong("b", "", &[(name, value)]), expected);
    }
    let two = "[[meter]]\nid = \"a\"\n[[meter]]\ndata_topic = \"+/d\"\nstatus_topic = \"+/s\"";
    assert_eq!(
        wrong("two", two, &[("XT211_METER_NAME", "x")]),
        "environment variable XT211_METER_NAME: the file has several meters; set it there"
    );
}

#[test]
fn what_makes_no_sense_is_said_at_once() {
    let text = r#"
        [mqtt]
        url = "http://broker"
        client_id = ""
        password = "hunter2"
        [[meter]]
        id = "bridge"
        data_topic = "a/+/b"
        timezone = "Mars/Olympus"
        [influxdb]
        url = "http://user:hunter2@there"
        [store]
        keep_days = 0
        [web]
        listen = "everywhere"
    "#;
    assert_eq!(
        wrong("c", text, &[]),
        "c.toml, line 3: mqtt.url: must begin with mqtt:// or mqtts://: write mqtt://HOST:1883, or mqtts://HOST:8883 for TLS
c.toml, line 4: mqtt.client_id: must be a name, such as xt211-bridge
c.toml, line 5: mqtt.password: needs mqtt.username
c.toml, line 7: meter.id: expected the id of a meter, found `bridge`, which is reserved
c.toml, line 9: meter.timezone: there is no time zone \"Mars/Olympus\": write UTC or one like Europe/Prague
c.toml, line 11: influxdb.url: must not hold a user or password: they have keys of their own
c.toml: influxdb.org: is missing: readings cannot be forwarded without it
c.toml: influxdb.bucket: is missing: readings cannot be forwarded without it
c.toml, line 13: store.keep_days: must be at least 1
c.toml, line 15: web.listen: \"everywhere\" must be an address and a port, such as 127.0.0.1:8099"
    );
}

#[test]
fn single_rules() {
    let message = |text: &str| wrong("d", text, &[]);
    for (text, expected) in [
        ("[mqtt]\nurl = \"mqtt://h/path\"", "mqtt.url: must end after the port"),
        ("[mqtt]\nurl = \"mqtt://\"", "mqtt.url: names no host"),
        (
            "[mqtt]\nshare_name = \"\"\nclient_id = \"a\"",
            "mqtt.share_name: must be a name without / + and #",
        ),
        (
            "[mqtt]\nshare_name = \"a/b\"\nclient_id = \"a\"",
            "mqtt.share_name: must be a name without / + and #",
        ),
        (
            "[mqtt]\nshare_name = \"+\"\nclient_id = \"a\"",
            "mqtt.share_name: must be a name without / + and #",
        ),
        (
            "[mqtt]\nshare_name = \"a#\"\nclient_id = \"a\"",
            "mqtt.share_name: must be a name without / + and #",
        ),
        (
            "[mqtt]\nshare_name = \"a\"",
            "mqtt.client_id: must be another one for each bridge with the same mqtt.share_name",
        ),
        (
            "[mqtt]\nshare_name = \"a\"\nclient_id = \"a\"\n\
             [homeassistant]\nurl = \"http://h:1\"\ntoken = \"t\"",
            "homeassistant.url: cannot stand beside mqtt.share_name",
        ),
        ("[mqtt]\nca_file = \"/x\"", "mqtt.ca_file: is for TLS"),
        ("[influxdb]\nbucket = \"b\"", "influxdb.url: is missing"),
        (
            "[influxdb]\nurl = \"http://h\"\norg = \"o\"\nbucket = \"b\"\ntoken = \"a b\"",
            "influxdb.token: must be the token alone",
        ),
        (
            "[influxdb]\nurl = \"http://h\"\norg = \"o\"\nbucket = \"b\"\nca_file = \"/x\"",
            "influxdb.ca_file: is for TLS",
        ),
        (
            "[influxdb]\nurl = \"http://h\"\norg = \"o\"\nbucket = \"b\"\nmeasurement = \"#x\"",
            "influxdb.measurement: ",
        ),
        ("[homeassistant]\ntopic_prefix = \"a/#\"", "homeassistant.topic_prefix: must be a topic"),
        (
            "[homeassistant]\ntopic_prefix = \"a\\tb\"",
            "homeassistant.topic_prefix: must be a topic",
        ),
        (
            "[homeassistant]\nlanguage = \"de\"",
            "line 2: homeassistant.language: expected `en` or `cs`, found `de`",
        ),
        ("[[meter]]\ndata_topic = \"#\"", "meter.data_topic: \"#\" must be a topic"),
        ("[[meter]]\ndata_topic = \"a\\nb\"", "meter.data_topic: \"a\\nb\" must be a topic"),
        ("[[meter]]\ndata_topic = \"a+/b\"", "meter.data_topic: \"a+/b\" must be a topic"),
        ("[[meter]]\ndata_topic = \"+/+/b\"", "meter.data_topic: \"+/+/b\" must be a topic"),
        ("[[meter]]\ndata_topic = \"+/data\"", "meter.data_topic: has to have a +"),
        ("[[meter]]\ndata_topic = \"xt211/x\"", "lies where the bridge's own messages go"),
        ("[[meter]]\ndata_topic = \"homeassistant/device/x/config\"", "lies where"),
        (
            "[[meter]]\n[[meter]]\nid = \"b\"\ntimezone = \"x\"",
            "meter.timezone: of meter 2: there is no",
        ),
        (
            "[[meter]]\nmax_power_kw = 0",
            "meter.max_power_kw: must be a number of kilowatts above 0",
        ),
        ("[[meter]]\nserial = \"\"", "meter.serial: is empty"),
        ("[[meter]]\n[[meter]]", "meter.id: \"meter\" is the id of two meters"),
        (
            "[[meter]]\nid = \"a\"\n[[meter]]\nid = \"b\"",
            "\"elektromer/data\" belongs to two meters",
        ),
    ] {
        assert!(message(text).contains(expected), "{text}: {}", message(text));
    }
}

#[test]
fn addresses() {
    let mqtt = |url: &str| load("e", &format!("[mqtt]\nurl = \"{url}\""), &[]).unwrap().mqtt;
    assert_eq!((mqtt("mqtt://[::1]:99").host, mqtt("mqtt://[::1]:99").port), ("::1".into(), 99));
    assert_eq!(mqtt("mqtts://broker.local").address(), "mqtts://broker.local:8883");
    let influxdb = "[influxdb]\nurl = \"https://there:99/\"\norg = \"o\"\nbucket = \"b\"";
    assert_eq!(load("f", influxdb, &[]).unwrap().influxdb.unwrap().url, "https://there:99");
}

#[test]
fn nothing_that_is_wrong_hides_anything_else() {
    let text = "[mqtt]\nulr = 1\nclient_id = \"\"\n[store]\nkeep_dayz = 2\n[[meter]]\nid = 5\n\
                [[meter]]\nmax_power_kw = \"x\"\n[webb]\n";
    let environment = [("XT211_WEB_LISTEN", "bogus"), ("XT211_STORE_KEEP_DAYS", "q")];
    insta::assert_snapshot!(wrong("all", text, &environment));
}

#[test]
fn what_is_right_can_be_tried_even_if_the_rest_is_wrong() {
    let error = load("rest", "[store]\nkeep_dayz = 2\n", &[]).unwrap_err();
    assert_eq!(error.mqtt().unwrap().host, "localhost");
}

#[test]
fn no_secret_is_quoted() {
    for (text, environment) in [
        ("[influxdb]\nurl = \"http://h\"\nhunter2==", None),
        ("[influxdb]\ntoken = \"\"\"hunter2\n", None),
        ("mqtt = \"mqtt://me:hunter2@host\"", None),
        ("mqtt = [\"hunter2\"]", None),
        ("[[influxdb]]\ntoken = \"hunter2\"", None),
        ("[mqtt]\nurl = \"hunter2:1883\"", None),
        ("[mqtt]\nurl = \"mqtt://me:hunter2@host\"", None),
        ("[mqtt]\npassword = [\"hunter2\"]", None),
        ("", Some(("XT211_INFLUXDB_TOKEN_FILE", "hunter2=="))),
        ("", Some(("XT211_MQTT_URL", "mqtt://me:hunter2@host"))),
    ] {
        let environment: Vec<_> = environment.into_iter().collect();
        let message = wrong("leak", text, &environment);
        assert!(!message.contains("hunter2") && !message.contains("Raw"), "{text}: {message}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_secret_is_given_once() {
    let both = [("XT211_MQTT_PASSWORD", "a"), ("XT211_MQTT_PASSWORD_FILE", "/proc/version")];
    assert_eq!(
        wrong("both", "[mqtt]\nusername = \"me\"", &both),
        "environment variable XT211_MQTT_PASSWORD_FILE: XT211_MQTT_PASSWORD sets the same; keep one \
         of them"
    );
    let empty = [("XT211_MQTT_PASSWORD_FILE", "/dev/null")];
    assert_eq!(
        wrong("empty", "[mqtt]\nusername = \"me\"", &empty),
        "environment variable XT211_MQTT_PASSWORD_FILE: the file that it names is empty"
    );
}

#[cfg(unix)]
#[test]
fn what_is_not_utf8_is_said_or_none_of_ours() {
    use std::{ffi::OsString, os::unix::ffi::OsStringExt};

    let bad = || OsString::from_vec(vec![0xff]);
    let load = |name: OsString| Config::load(None, [(name, bad())].into_iter());
    assert!(load("PATH".into()).is_ok());
    assert!(load(bad()).is_ok());
    assert_eq!(
        load("XT211_MQTT_URL".into()).unwrap_err().to_string(),
        "environment variable XT211_MQTT_URL: is not UTF-8"
    );
}

#[test]
fn the_page_knows_each_key_and_its_default() {
    let uncommented = |line: &str| {
        line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line).to_owned()
    };
    let all: Vec<_> = DEFAULT.lines().map(uncommented).collect();
    let keys = |text: &str| {
        let table: toml::Table = text.parse().unwrap();
        let sections = table.into_iter().map(|(section, settings)| match settings {
            toml::Value::Array(mut meters) => (section, meters.remove(0)),
            settings => (section, settings),
        });
        let keys = sections.flat_map(|(section, settings)| {
            let settings = settings.as_table().unwrap().clone();
            settings.into_iter().map(move |(key, value)| {
                let value = value.as_str().map_or_else(|| format!("{value:?}"), String::from);
                (format!("{section}.{key}"), value)
            })
        });
        keys.collect::<std::collections::BTreeMap<_, _>>()
    };
    let (known, defaults) = (keys(&all.join("\n")), keys(DEFAULT));
    let catalogue = xt211_web::catalogue();
    assert_eq!(catalogue.len(), known.len());
    for setting in catalogue {
        let key = format!("{}.{}", setting.section.name(), setting.key);
        assert!(known.contains_key(&key), "{key}");
        let is_number = |text: &str| defaults[&key].contains(&format!("({text})"));
        match setting.default {
            Some(text) => assert!(defaults[&key] == text || is_number(text), "{key}: {text}"),
            None => assert_eq!(defaults.get(&key), None, "{key}"),
        }
    }
}

#[test]
fn what_the_environment_sets_is_not_changed_in_the_file() {
    let environment = [("XT211_MQTT_URL", "mqtt://core"), ("XT211_METER_NAME", "Ours")];
    let environment = environment.map(|(name, value)| (name.into(), value.into()));
    let folder = tempfile::tempdir().unwrap();
    let origin = Origin::new(Some(&folder.path().join("a.toml")), environment.into_iter());
    let set = |places: &[&str]| {
        let place = |place: &&str| (place.parse().unwrap(), Some("x".to_owned()));
        let set = places.iter().map(place).collect();
        origin.draft(&Edit { set, remove_meter: None })
    };
    let refusals = set(&["mqtt.url", "meter.0.name", "mqtt.username"]).err().unwrap();
    let refusals: Vec<_> = refusals
        .into_iter()
        .map(|Refusal { place, message }| format!("{} {message}", place.unwrap()))
        .collect();
    assert_eq!(
        refusals,
        [
            "mqtt.url is set by the environment variable XT211_MQTT_URL, and can only be changed there",
            "meter.0.name is set by the environment variable XT211_METER_NAME, and can only be changed there",
        ]
    );
    assert_eq!(set(&["mqtt.username"]).unwrap().text, "[mqtt]\nusername = \"x\"\n");
}
