use proptest::prelude::*;

use super::*;

/// What a text becomes, written again.
fn again(text: &str) -> String {
    text.parse::<Decimal>().unwrap().to_string()
}

fn failed(text: &str) -> DecimalError {
    text.parse::<Decimal>().unwrap_err()
}

#[test]
fn forms() {
    assert_eq!(again("0"), "0");
    assert_eq!(again("-0"), "0");
    assert_eq!(again("-0.000"), "0");
    assert_eq!(again("443.451"), "443.451");
    assert_eq!(again("-0.13"), "-0.13");
    assert_eq!(again("+5"), "5");
    assert_eq!(again("5."), "5");
    assert_eq!(again(".5"), "0.5");
    assert_eq!(again("007.10"), "7.1");
    assert_eq!(again("1000"), "1000");
    assert_eq!(again("1.5e3"), "1500");
    assert_eq!(again("1.5E+3"), "1500");
    assert_eq!(again("15e-3"), "0.015");
    assert_eq!(again("120e-1"), "12");
    assert_eq!(again("0.000000000000000001"), "0.000000000000000001");
    assert_eq!(again("-0.123456789012345678"), "-0.123456789012345678");
    assert_eq!(again("999999999999999999"), "999999999999999999");
    assert_eq!(again("-999999999999999999"), "-999999999999999999");
    assert_eq!(again(&format!("{}1", "0".repeat(1000))), "1");
    assert_eq!(again(&format!("1{}e-1000", "0".repeat(1000))), "1");
    assert_eq!(again(&format!("0.{}1e1000", "0".repeat(1000))), "0.1");
}

#[test]
fn signs() {
    let signs = ["-0.1", "0.0", "0.1"].map(|text| {
        let number: Decimal = text.parse().unwrap();
        (number.is_negative(), number.is_zero())
    });
    assert_eq!(signs, [(true, false), (false, true), (false, false)]);
}

#[test]
fn texts() {
    let number: Decimal = "-0.130".parse().unwrap();
    let mut room = [b' '; 24];
    let length = number.write_padded(&mut room);
    assert_eq!(room.split_at(length).0, b"-0.13");
    assert_eq!(format!("{number:?} {:?}", number.text()), r#"-0.13 "-0.13""#);
}

#[test]
fn exponents_that_do_not_matter() {
    assert_eq!(again("0e99999"), "0");
    assert_eq!(again("0e999999999999999999999"), "0");
    assert_eq!(again("1e-999999999999"), "0");
    assert_eq!(again("-1e-999999999999999999999"), "0");
    assert_eq!(again("1e000000000000000000002"), "100");
    assert_eq!(again("1e17"), "100000000000000000");
    assert_eq!(again("1e-18"), "0.000000000000000001");
    assert_eq!(again("1e-19"), "0");
}

#[test]
fn rounding() {
    assert_eq!(again("0.1234567890123456784"), "0.123456789012345678");
    assert_eq!(again("0.1234567890123456785"), "0.123456789012345679");
    assert_eq!(again("-0.1234567890123456785"), "-0.123456789012345679");
    assert_eq!(again("1.2345678901234567849999"), "1.23456789012345678");
    assert_eq!(again("123456789012345678.5"), "123456789012345679");
    assert_eq!(again("0.9999999999999999995"), "1");
    assert_eq!(again("99999999999999999.95"), "100000000000000000");
    assert_eq!(again("5e-19"), "0.000000000000000001");
    assert_eq!(again("4.9e-19"), "0");
    // Rounded once, not to 18 digits first and to 18 places then.
    assert_eq!(again("0.0144444444444444444495"), "0.014444444444444444");
    assert_eq!(again("0.00000000000000000144444444444444444"), "0.000000000000000001");
}

#[test]
fn failures() {
    assert_eq!(failed(""), DecimalError::Syntax);
    assert_eq!(failed("-"), DecimalError::Syntax);
    assert_eq!(failed("."), DecimalError::Syntax);
    assert_eq!(failed("-.e1"), DecimalError::Syntax);
    assert_eq!(failed("e5"), DecimalError::Syntax);
    assert_eq!(failed("1e"), DecimalError::Syntax);
    assert_eq!(failed("1e+"), DecimalError::Syntax);
    assert_eq!(failed("1e1.5"), DecimalError::Syntax);
    assert_eq!(failed("--1"), DecimalError::Syntax);
    assert_eq!(failed("1-"), DecimalError::Syntax);
    assert_eq!(failed("1.2.3"), DecimalError::Syntax);
    assert_eq!(failed("1,5"), DecimalError::Syntax);
    assert_eq!(failed(" 1"), DecimalError::Syntax);
    assert_eq!(failed("0x1F"), DecimalError::Syntax);
    assert_eq!(failed("NaN"), DecimalError::Syntax);
    assert_eq!(failed("inf"), DecimalError::Syntax);
    assert_eq!(failed("\u{661}"), DecimalError::Syntax);
    assert_eq!(failed("1e18"), DecimalError::Range);
    assert_eq!(failed("-1e18"), DecimalError::Range);
    assert_eq!(failed("1e999"), DecimalError::Range);
    assert_eq!(failed("1e999999999999999999999"), DecimalError::Range);
    assert_eq!(failed("1000000000000000000"), DecimalError::Range);
    assert_eq!(failed("999999999999999999.5"), DecimalError::Range);
    assert_eq!(failed(&i64::MIN.to_string()), DecimalError::Range);
    assert_eq!(failed(&u64::MAX.to_string()), DecimalError::Range);
}

#[test]
fn equal_numbers_are_equal() {
    let number = |text: &str| text.parse::<Decimal>().unwrap();
    assert_eq!(number("1.50"), number("15e-1"));
    assert_eq!(number("-0.0"), Decimal::ZERO);
    assert_eq!(number("100").parts(), (100, 0));
    assert_eq!(number("1.50").parts(), (15, 1));
    assert!(number("0.000000000000000001") < number("999999999999999999"));
    assert!(number("-2") < number("-1.999"));
    assert_eq!(Decimal::from(u32::MAX).to_string(), "4294967295");
}

#[test]
fn parts() {
    let text = |mantissa, scale| Decimal::from_parts(mantissa, scale).map(|n| n.to_string());
    assert_eq!(text(0, 18).as_deref(), Some("0"));
    assert_eq!(text(1500, 3).as_deref(), Some("1.5"));
    assert_eq!(text(-13, 2).as_deref(), Some("-0.13"));
    assert_eq!(text(1500, 0).as_deref(), Some("1500"));
    assert_eq!(text(LIMIT - 1, 18).as_deref(), Some("0.999999999999999999"));
    assert_eq!(text(1 - LIMIT, 0).as_deref(), Some("-999999999999999999"));
    assert_eq!(text(LIMIT, 0), None);
    assert_eq!(text(-LIMIT, 3), None);
    assert_eq!(text(i64::MIN, 0), None);
    assert_eq!(text(1, 19), None);
    assert_eq!(text(0, u8::MAX), None);
}

#[test]
fn display_pads() {
    assert_eq!(format!("{:>7}|", "1.5".parse::<Decimal>().unwrap()), "    1.5|");
    assert_eq!(format!("{:?}", Decimal::ZERO.text()), "\"0\"");
}

fn decimals() -> impl Strategy<Value = Decimal> {
    (any::<bool>(), 0..LIMIT, 0..=MAX_DIGITS, 0u32..18).prop_map(
        |(negative, mantissa, scale, shorter)| {
            Decimal::new(negative, mantissa / 10i64.pow(shorter), scale)
        },
    )
}

proptest! {
    #[test]
    fn display_then_parse_is_identity(number in decimals()) {
        prop_assert_eq!(number.to_string().parse(), Ok(number));
        let mut text = String::new();
        number.write_to(&mut text);
        prop_assert_eq!(text, number.to_string());
    }

    #[test]
    fn parts_then_from_parts_is_identity(number in decimals()) {
        let (mantissa, scale) = number.parts();
        prop_assert_eq!(Decimal::from_parts(mantissa, scale), Some(number));
    }

    #[test]
    fn the_nearest_float(number in decimals()) {
        prop_assert_eq!(number.to_f64(), number.to_string().parse::<f64>().unwrap());
    }

    #[test]
    fn floats_of_a_meter_survive(number in -1e9..1e9f64) {
        prop_assert_eq!(number.to_string().parse::<Decimal>().unwrap().to_f64(), number);
    }

    #[test]
    fn any_text_is_what_a_float_says(text in "[+-]?[0-9]{0,20}(\\.[0-9]{0,20})?(e[+-]?[0-9]{1,2})?|.{0,8}") {
        match (text.parse::<Decimal>(), text.parse::<f64>()) {
            (Ok(number), Ok(float)) => {
                let difference = (number.to_f64() - float).abs();
                prop_assert!(difference <= float.abs() * 1e-15 + 1e-18, "{number} {float}");
            }
            (Err(DecimalError::Range), Ok(float)) => prop_assert!(float.abs() >= 9.99e17),
            (Err(DecimalError::Syntax), Ok(float)) => prop_assert!(!float.is_finite()),
            (Ok(_), Err(error)) => prop_assert!(false, "{error}"),
            (Err(_), Err(_)) => {}
        }
    }

    #[test]
    fn order_is_that_of_the_numbers(one in decimals(), other in decimals()) {
        prop_assert_eq!(one == other, one.cmp(&other).is_eq());
        if one.to_f64() != other.to_f64() {
            prop_assert_eq!(one.partial_cmp(&other), one.to_f64().partial_cmp(&other.to_f64()));
        }
    }
}
