//! What is written in the end, however often it was sent.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::Path,
};

use xt211_store::Reader;

use super::run_in;

/// Values, as they were written, by series, time and field.
pub(crate) type Points = BTreeMap<(String, String, String), String>;

/// The points of lines, in which nothing is escaped. One that is written again has to be the same.
pub(crate) fn points(lines: impl IntoIterator<Item = impl AsRef<str>>) -> Points {
    let mut points = Points::new();
    for line in lines {
        let line = line.as_ref();
        let parts: Vec<_> = line.split(' ').collect();
        let [series, fields, time] = parts[..] else { panic!("{line}") };
        for field in fields.split(',') {
            let (field, value) = field.split_once('=').unwrap();
            match points.entry((series.into(), time.into(), field.into())) {
                Entry::Vacant(place) => _ = place.insert(value.into()),
                Entry::Occupied(known) => assert_eq!(known.get(), value, "a second value: {line}"),
            }
        }
    }
    points
}

/// What is exported from the database of a folder, which must be sound.
pub(crate) async fn exported(folder: &Path) -> Vec<String> {
    Reader::open(&folder.join("xt211-bridge.db")).unwrap().check().unwrap();
    let export = run_in(folder, &["export"]).await;
    assert_eq!((export.code, export.stderr.as_str()), (0, ""));
    export.stdout.lines().map(String::from).collect()
}
