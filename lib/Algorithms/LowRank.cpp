//===- LowRank.cpp - The nearest matrix of a given rank -------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/LowRank.h"

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <string>

namespace compresslib::algo {

using RowMajor =
    Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

namespace {

/// Eigenvalues and -vectors of the smaller Gram matrix.
struct Spectrum {
  RowMajor matrix;
  /// The vectors are those of the outputs (rows <= columns), or of the inputs.
  bool ofRows = true;
  /// Descending, not negative; vectors in the same order.
  Eigen::VectorXd squares;
  Eigen::MatrixXd vectors;
  double total = 0;
};

} // namespace

static Expected<Spectrum> decompose(MatrixRef matrix, bool withVectors) {
  Spectrum result;
  result.matrix =
      Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic,
                                     Eigen::RowMajor>>(
          matrix.values.data(), matrix.rows, matrix.columns)
          .cast<double>();
  result.ofRows = matrix.rows <= matrix.columns;
  // Powers of two scale exactly, and keep squares of tiny values apart from 0.
  double largest = result.matrix.cwiseAbs().maxCoeff();
  int exponent = 0;
  if (largest > 0)
    std::frexp(largest, &exponent);
  double scale = std::ldexp(1.0, -exponent);
  int64_t side = std::min(matrix.rows, matrix.columns);
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(side, side);
  auto lower = gram.selfadjointView<Eigen::Lower>();
  if (result.ofRows)
    lower.rankUpdate(result.matrix, scale * scale);
  else
    lower.rankUpdate(result.matrix.transpose(), scale * scale);
  result.total = gram.trace() / (scale * scale);
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(
      gram, withVectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
  if (solver.info() != Eigen::Success)
    return environmentError(
        "The singular values of a matrix of " + std::to_string(matrix.rows) +
        " by " + std::to_string(matrix.columns) + " did not converge.");
  result.squares =
      solver.eigenvalues().reverse().cwiseMax(0.0) / (scale * scale);
  if (withVectors)
    result.vectors = solver.eigenvectors().rowwise().reverse();
  return result;
}

static LowRankFactors factorsOf(const Spectrum &spectrum, int64_t rank) {
  LowRankFactors result;
  result.rank = rank;
  int64_t rows = spectrum.matrix.rows(), columns = spectrum.matrix.cols();
  Eigen::MatrixXd vectors = spectrum.vectors.leftCols(rank);
  for (int64_t j = 0; j < rank; ++j) {
    Eigen::Index at;
    vectors.col(j).cwiseAbs().maxCoeff(&at);
    if (vectors(at, j) < 0)
      vectors.col(j) = -vectors.col(j);
  }
  // What W does to each vector; its length is the singular value, to full
  // precision even where the square root of the eigenvalue is not.
  RowMajor images;
  if (spectrum.ofRows)
    images.noalias() = vectors.transpose() * spectrum.matrix;
  else
    images.noalias() = (spectrum.matrix * vectors).transpose();
  result.left.resize(size_t(rows * rank));
  result.right.resize(size_t(rank * columns));
  result.singularValues.resize(size_t(rank));
  for (int64_t j = 0; j < rank; ++j) {
    double value = images.row(j).norm();
    double root = std::sqrt(value);
    result.singularValues[size_t(j)] = float(value);
    auto left = [&](int64_t row) -> float & {
      return result.left[size_t(row * rank + j)];
    };
    auto right = [&](int64_t column) -> float & {
      return result.right[size_t(j * columns + column)];
    };
    double inverse = root > 0 ? 1 / root : 0;
    if (spectrum.ofRows) {
      for (int64_t row = 0; row < rows; ++row)
        left(row) = float(vectors(row, j) * root);
      for (int64_t column = 0; column < columns; ++column)
        right(column) = float(images(j, column) * inverse);
    } else {
      for (int64_t row = 0; row < rows; ++row)
        left(row) = float(images(j, row) * inverse);
      for (int64_t column = 0; column < columns; ++column)
        right(column) = float(vectors(column, j) * root);
    }
  }
  double dropped = spectrum.squares.tail(spectrum.squares.size() - rank).sum();
  if (spectrum.total > 0)
    result.relativeError = std::sqrt(std::max(dropped, 0.0) / spectrum.total);
  return result;
}

int64_t rankForKeptRatio(int64_t rows, int64_t columns, double ratio) {
  if (rows + columns == 0)
    return 0;
  return int64_t(ratio * double(rows) * double(columns) /
                 double(rows + columns));
}

Expected<LowRankFactors> truncatedSVD(MatrixRef matrix, int64_t rank) {
  int64_t most = std::min(matrix.rows, matrix.columns);
  if (rank < 1 || rank > most)
    return badInput(
        "A rank of " + std::to_string(rank) +
        " was asked for, of a matrix of " + std::to_string(matrix.rows) +
        " by " + std::to_string(matrix.columns) +
        (most > 0 ? "; legal ranks are 1 to " + std::to_string(most) + "."
                  : ", which has no legal rank."));
  if (Status status = checkMatrix(matrix); !status)
    return status.error();
  Expected<Spectrum> spectrum = decompose(matrix, /*withVectors=*/true);
  if (!spectrum)
    return spectrum.error();
  return factorsOf(*spectrum, rank);
}

Expected<LowRankFactors> truncatedSVDByEnergy(MatrixRef matrix, double energy) {
  if (!(energy > 0 && energy <= 1))
    return usageError("An energy of " + std::to_string(energy) +
                      " was asked for; it is a share above 0, at most 1.");
  if (matrix.rows == 0 || matrix.columns == 0)
    return badInput("A matrix of " + std::to_string(matrix.rows) + " by " +
                    std::to_string(matrix.columns) + " has no legal rank.");
  if (Status status = checkMatrix(matrix); !status)
    return status.error();
  Expected<Spectrum> spectrum = decompose(matrix, /*withVectors=*/true);
  if (!spectrum)
    return spectrum.error();
  // The tail is summed from its smallest, so that a share near 1 is exact.
  int64_t rank = spectrum->squares.size();
  double tail = 0, allowed = (1 - energy) * spectrum->total;
  while (rank > 1 && tail + spectrum->squares[rank - 1] <= allowed)
    tail += spectrum->squares[--rank];
  return factorsOf(*spectrum, rank);
}

Expected<std::vector<double>> singularValues(MatrixRef matrix) {
  if (Status status = checkMatrix(matrix); !status)
    return status.error();
  std::vector<double> values;
  if (matrix.values.empty())
    return values;
  Expected<Spectrum> spectrum = decompose(matrix, /*withVectors=*/false);
  if (!spectrum)
    return spectrum.error();
  for (double square : spectrum->squares)
    values.push_back(std::sqrt(square));
  return values;
}

} // namespace compresslib::algo
