//! Why there is no connection, in words that say what to do.

use std::{error::Error as _, io};

use rumqttc::{ConnectReturnCode, ConnectionError, MqttOptions, StateError, TlsError, mqttbytes};

/// One line for a person. Holds no secret: the client's errors know none.
pub(crate) fn explain(error: &ConnectionError, options: &MqttOptions) -> String {
    match error {
        ConnectionError::ConnectionRefused(code) => refused(*code, options),
        ConnectionError::Io(error) => io(error, options),
        ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout => {
            format!("{} does not answer", address(options))
        }
        ConnectionError::MqttState(
            StateError::Io(error) | StateError::Deserialization(mqttbytes::Error::Io(error)),
        ) => io(error, options),
        ConnectionError::MqttState(StateError::ConnectionAborted) => closed(options),
        ConnectionError::MqttState(StateError::AwaitPingResp) => {
            format!("{} has fallen silent", address(options))
        }
        ConnectionError::Tls(TlsError::Io(error)) => io(error, options),
        ConnectionError::Tls(error) => tls(error, options),
        other => format!("{}: {other}", address(options)),
    }
}

fn address(options: &MqttOptions) -> String {
    let (host, port) = options.broker_address();
    format!("the broker at {host}:{port}")
}

fn refused(code: ConnectReturnCode, options: &MqttOptions) -> String {
    let address = address(options);
    match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => {
            let remedy = match options.credentials() {
                Some(_) => "check mqtt.username and mqtt.password",
                None => "set mqtt.username and mqtt.password",
            };
            format!("{address} does not let us in: {remedy}")
        }
        ConnectReturnCode::BadClientId => {
            format!("{address} refuses mqtt.client_id {:?}", options.client_id())
        }
        other => format!("{address} refuses the connection: {other:?}"),
    }
}

fn io(error: &io::Error, options: &MqttOptions) -> String {
    let address = address(options);
    match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            let (host, port) = options.broker_address();
            format!("nothing listens at {host}:{port}: check mqtt.url, and that the broker runs")
        }
        io::ErrorKind::ConnectionAborted
        | io::ErrorKind::ConnectionReset
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => closed(options),
        _ => format!("{address} cannot be reached: {error} (mqtt.url)"),
    }
}

fn tls(error: &TlsError, options: &MqttOptions) -> String {
    let address = address(options);
    let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
    let remedy = if reason.contains("certificate") {
        "see mqtt.ca_file"
    } else {
        "mqtt.url: is that the port for TLS?"
    };
    format!("TLS with {address} failed: {reason} ({remedy})")
}

fn closed(options: &MqttOptions) -> String {
    format!(
        "{} closed the connection; if again and again, another client may be using mqtt.client_id \
         {:?}, or the port may expect TLS",
        address(options),
        options.client_id()
    )
}
