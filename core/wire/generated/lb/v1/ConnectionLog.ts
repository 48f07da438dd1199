// Original file: proto/lb/v1/resources.proto


/**
 * Which connections a proxy writes a line about, where it keeps a connection log (lb-data-plane --connection-log).
 */
export interface ConnectionLog {
  /**
   * One connection in so many, drawn by chance. 1 to 1000000; default 1: each. 0: none.
   */
  'oneIn'?: (number);
  '_oneIn'?: "oneIn";
}

/**
 * Which connections a proxy writes a line about, where it keeps a connection log (lb-data-plane --connection-log).
 */
export interface ConnectionLog__Output {
  /**
   * One connection in so many, drawn by chance. 1 to 1000000; default 1: each. 0: none.
   */
  'oneIn'?: (number);
  '_oneIn'?: "oneIn";
}
