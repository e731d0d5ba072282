"""Keeps the libraries from sending usage statistics and from fetching anything: nothing leaves the machine."""


def quiet_environment() -> dict[str, str]:
    """Environment variables to set before mlflow, ray or optuna is imported, and for every process that is started.

    MLflow reads its own switch and `DO_NOT_TRACK`, also for the statistics of its web page; an empty catalogue address
    stops the download of a list of language models. Ray reports unless told not to, and so does what brings weights of
    networks. Optuna and its dashboard send nothing. MLflow's log is left to say what is critical: this package reports
    errors itself, once; and stdout, where MLflow would tell of each run of a server, belongs to the command.
    """
    return {
        "DO_NOT_TRACK": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_MODEL_CATALOG_URI": "",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_LOGGING_LEVEL": "CRITICAL",
        "RAY_USAGE_STATS_ENABLED": "0",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
