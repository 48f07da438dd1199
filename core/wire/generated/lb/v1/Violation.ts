// Original file: proto/lb/v1/resources.proto


/**
 * What is wrong with a field.
 */
export interface Violation {
  /**
   * Path of the field, such as pools[web].backends[10.0.0.1:80].weight; empty for the whole.
   */
  'field'?: (string);
  'description'?: (string);
}

/**
 * What is wrong with a field.
 */
export interface Violation__Output {
  /**
   * Path of the field, such as pools[web].backends[10.0.0.1:80].weight; empty for the whole.
   */
  'field': (string);
  'description': (string);
}
