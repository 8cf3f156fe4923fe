use super::*;
use crate::{
    Language,
    entity::{self, Description},
    key::all_keys,
};

fn czech(key: &str) -> String {
    entity::name(key.parse().unwrap(), Language::Czech).into_owned()
}

#[test]
fn every_name_has_a_translation() {
    for translation in Language::ALL.iter().filter_map(|language| language.translation()) {
        for key in all_keys().filter(|key| Description::of(*key).is_some()) {
            let english = entity::name(key, Language::English);
            match (key, translation.name(key)) {
                (Key::Register(code), None) => assert_eq!(code.meaning(), None, "{code}"),
                (_, name) => {
                    let name = name.unwrap();
                    assert!(!name.is_empty() && name == name.trim(), "{key}: {name:?}");
                    assert!(!name.contains(['{', '}']), "{key}: {name}");
                    assert_ne!(name, english, "{key}");
                }
            }
        }
    }
}

#[test]
fn what_the_xt211_pushes_in_czech() {
    for (code, name) in [
        ("1.8.0", "Odběr celkem"),
        ("1.8.1", "Odběr v tarifu 1"),
        ("2.8.0", "Dodávka celkem"),
        ("2.8.4", "Dodávka v tarifu 4"),
        ("16.7.0", "Činný výkon"),
        ("36.7.0", "Činný výkon L1"),
        ("1.7.0", "Činný výkon odběru"),
        ("41.7.0", "Činný výkon odběru L2"),
        ("62.7.0", "Činný výkon dodávky L3"),
        ("32.7.0", "Napětí L1"),
        ("31.7.0", "Proud L1"),
        ("14.7.0", "Kmitočet"),
        ("13.7.0", "Účiník"),
        ("17.0.0", "Hodnota limiteru"),
        ("96.3.10", "Odpojovač"),
        ("0-6:96.3.10", "Relé 6"),
        ("96.14.0", "Tarif"),
        ("96.13.0", "Zpráva odběrateli"),
        ("96.1.0", "Sériové číslo"),
        ("96.1.1", "Sériové číslo"),
        ("42.0.0", "Logický název zařízení"),
    ] {
        assert_eq!(czech(code), name, "{code}");
    }
}

#[test]
fn other_standard_codes_in_czech() {
    for (code, name) in [
        ("21.8.0", "Odběr celkem L1"),
        ("41.8.2", "Odběr v tarifu 2 L2"),
        ("3.8.0", "Odběr jalové energie celkem"),
        ("10.8.3", "Dodávka zdánlivé energie v tarifu 3"),
        ("15.8.0", "Součet odběru a dodávky celkem"),
        ("16.8.0", "Rozdíl odběru a dodávky celkem"),
        ("5.8.0", "Jalová energie v kvadrantu 1 celkem"),
        ("18.7.0", "Činný výkon v kvadrantu 2"),
        ("15.7.0", "Činný výkon v absolutní hodnotě"),
        ("23.7.0", "Jalový výkon odběru L1"),
        ("1.6.0", "Maximální činný výkon odběru"),
        ("1.6.2", "Maximální činný výkon odběru v tarifu 2"),
        ("11.6.0", "Maximální proud"),
        ("91.7.0", "Proud N"),
        ("1-2:1.8.0", "Odběr celkem (kanál 2)"),
    ] {
        assert_eq!(czech(code), name, "{code}");
    }
}

#[test]
fn module_and_bridge_in_czech() {
    assert_eq!(czech("status"), "Stav modulu");
    assert_eq!(czech("battery_voltage"), "Napětí baterie");
    assert_eq!(czech("clock_drift"), "Odchylka hodin");
    assert_eq!(czech("last_success"), "Poslední zápis do InfluxDB");
    assert_eq!(czech("overdue"), "Modul se neozývá");
}

#[test]
fn an_unknown_code_is_named_after_itself_in_any_language() {
    assert_eq!(czech("0-1:24.2.1"), "0-1:24.2.1.255");
}
