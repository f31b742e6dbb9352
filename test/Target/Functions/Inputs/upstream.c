/* Calls the functions of upstream.mlir and compares with plain loops. */
#include "upstream.h"
#include <math.h>
#include <stdio.h>

static int compare(const char *name, const float *made, const double *expected,
                   int count) {
  for (int i = 0; i < count; ++i)
    if (!(fabs(made[i] - expected[i]) <= 2e-6 * fmax(1, fabs(expected[i])))) {
      printf("%s: number %d is %g instead of %g\n", name, i, made[i],
             expected[i]);
      return 1;
    }
  return 0;
}

static int product_is_right(void) {
  static const double a[3][4] = {{1, 2, 3, 4}, {5, 6, 7, 8}, {-1, -2, -3, -5}};
  static const double b[3][4] = {
      {0.5, 1.5, 2.5, 3.5}, {-0.5, 4.5, 0.25, 8}, {1, 0.125, 3, 0.75}};
  static const double u[3][2] = {{1, 0.5}, {2, -1}, {-3, 0.25}};
  static const double v[2][4] = {{1, 2, -3, 4}, {0.5, 0.25, 8, -1}};
  static const int rows[3] = {2, 0, 1}, columns[4] = {3, 1, 0, 2};
  float x[40], into[21], made[21];
  double expected[21];
  for (int i = 0; i < 40; ++i)
    x[i] = (float)((i * 37) % 19 - 9) / 8;
  for (int i = 0; i < 21; ++i)
    expected[i] = into[i] = (float)i;
  for (int t = 0; t < 5; ++t)
    for (int o = 0; o < 3; ++o) {
      double sum = 0;
      for (int i = 0; i < 4; ++i) {
        double w = a[rows[o]][i] + b[o][columns[i]] + u[o][0] * v[0][i] +
                   u[o][1] * v[1][i];
        sum += w * x[8 * t + 1 + 2 * i];
      }
      expected[3 * (t + 1) + o] = sum;
    }
  product(x, into, made);
  for (int i = 0; i < 21; ++i)
    if (into[i] != (float)i) {
      printf("product wrote to its argument\n");
      return 1;
    }
  return compare("product", made, expected, 21);
}

static int softmax_is_right(void) {
  float x[40], made[40];
  double expected[40];
  for (int i = 0; i < 40; ++i)
    x[i] = (float)((i * 29) % 23) / 4;
  for (int t = 0; t < 4; ++t) {
    double sum = 0;
    for (int i = 0; i < 10; ++i)
      sum += expected[10 * t + i] = exp(x[10 * t + i]);
    for (int i = 0; i < 10; ++i)
      expected[10 * t + i] /= sum;
  }
  softmax(x, made);
  return compare("softmax", made, expected, 40);
}

static int convolution_is_right(void) {
  static const double k[2][9] = {{1, 2, 3, 4, 5, 6, 7, 8, 9},
                                 {-1, 2, 3, 4, -5, 6, 7, 8, -9}};
  float x[25], made[18];
  double expected[18];
  for (int i = 0; i < 25; ++i)
    x[i] = (float)((i * 7) % 11 - 5) / 2;
  for (int o = 0; o < 2; ++o)
    for (int r = 0; r < 3; ++r)
      for (int c = 0; c < 3; ++c) {
        double sum = 0;
        for (int i = 0; i < 9; ++i)
          sum += k[o][i] * x[5 * (r + i / 3) + c + i % 3];
        expected[9 * o + 3 * r + c] = sum;
      }
  convolution(x, made);
  return compare("convolution", made, expected, 18);
}

static int repeated_is_right(void) {
  float x[8], made[8];
  double expected[8];
  for (int n = 0; n < 4; ++n) {
    for (int i = 0; i < 8; ++i) {
      expected[i] = x[i] = (float)(i - 3) / 2;
      for (int j = 0; j < n; ++j)
        expected[i] = tanh(expected[i]);
    }
    if (repeated(x, n, made) != 0.5)
      return 1;
    if (compare("repeated", made, expected, 8))
      return 1;
  }
  return 0;
}

static int normalized_is_right(void) {
  float x[24], variances[4], made[24];
  double expected[24];
  for (int i = 0; i < 24; ++i)
    x[i] = (float)((i * 5) % 13 - 6) / 4;
  for (int r = 0; r < 4; ++r)
    variances[r] = 0.3f + (float)r;
  for (int i = 0; i < 24; ++i)
    expected[i] = x[i] / sqrt(variances[i / 6]);
  normalized(x, variances, made);
  return compare("normalized", made, expected, 24);
}

int main(void) {
  int wrong = product_is_right() + softmax_is_right() +
              convolution_is_right() + repeated_is_right() +
              normalized_is_right();
  if (!wrong)
    printf("as expected\n");
  return wrong;
}
