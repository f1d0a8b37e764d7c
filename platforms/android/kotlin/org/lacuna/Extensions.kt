package org.lacuna

import android.content.res.AssetManager
import android.graphics.Bitmap
import android.media.Image

/** Opens a model among an APK's assets, in place. */
fun AssetManager.openModel(name: String): Model = AndroidModels.open(this, name)

/** A session of this model that is closed after [block]. */
inline fun <T> Model.session(threads: Int = 1, block: (Session) -> T): T = Session(this, threads, null).use(block)

/** Runs a classifier on a camera image; [scores] has room for its first output. */
fun Session.run(image: Image, rotation: Int, mirror: Boolean, picture: Picture, scores: FloatArray): FloatArray {
  AndroidModels.describe(image, rotation, mirror, picture)
  return run(picture, scores)
}

/** Runs a classifier on a bitmap. */
fun Session.run(bitmap: Bitmap, picture: Picture, scores: FloatArray): FloatArray {
  AndroidModels.describe(bitmap, picture)
  return run(picture, scores)
}

private fun Session.run(picture: Picture, scores: FloatArray): FloatArray {
  setPicture(picture)
  run()
  val buffer = Session.floats(longArrayOf(scores.size.toLong()))
  getOutput(0, buffer)
  buffer.asFloatBuffer().get(scores)
  return scores
}
