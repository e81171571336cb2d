/** The number of points of the curve P-256 (SEC 2, 2.4.2): a private key lies above 0 and below it. */
export const P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
