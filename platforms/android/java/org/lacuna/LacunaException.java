package org.lacuna;

/** What went wrong, where, and what to do. */
public final class LacunaException extends RuntimeException {
  private final int status;

  LacunaException(int status, String message) {
    super(message);
    this.status = status;
  }

  /** The number of the lacuna_status; docs/errors.md explains each. */
  public int status() {
    return status;
  }
}
